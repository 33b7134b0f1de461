"""What two engines say of a module and an input, and whether it is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from differential.server import Answer
from differential.vocabulary import PACKAGE
from regocalls import read_json

from constraints.errors import CompileError, EvaluationError
from constraints.lang.source import Source
from constraints.rego import compile_modules
from constraints.rego.builtins.gojson import marshal
from constraints.rego.values.kinds import Value, same


def ours(modules: Mapping[str, str], document: Any, data: Any) -> Answer:
    """What our engine makes of the package, as JSON."""
    try:
        sources = [Source(f"{name}.rego", text) for name, text in modules.items()]
        compiled = compile_modules(sources, v1=True)
        rows = compiled.query(f"x = data.{PACKAGE}", input=_as_sent(document), data=_as_sent(data))
    except CompileError as error:
        code = error.message.partition(":")[0]
        return Answer(codes=frozenset({code}), text=str(error))
    except EvaluationError as error:
        return Answer(codes=frozenset({error.code}), text=str(error))
    return Answer(read_json(marshal(rows[0]["x"])) if rows else {})


def _as_sent(document: Any) -> Value:
    """As OPA reads it from its JSON: `1000.0` keeps its text."""
    return read_json(json.dumps(document))


def disagreement(mine: Answer, theirs: Answer) -> str:
    """How two answers differ; the empty text when they agree: on the value, or on one of the errors' codes."""
    if mine.codes or theirs.codes:
        if mine.codes & theirs.codes:
            return ""
        return f"ours: {mine.text or mine.value!r}\nOPA:  {theirs.text or theirs.value!r}"
    if same(mine.value, theirs.value):
        return ""
    return f"ours: {mine.value!r}\nOPA:  {theirs.value!r}"
