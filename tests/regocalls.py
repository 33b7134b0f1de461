"""Calls of Rego's builtins for tests: values in, OPA's text of the answer out."""

from __future__ import annotations

import json
from typing import Any

from constraints.rego.builtins import BUILTINS, BuiltinError
from constraints.rego.values.kinds import UNDEFINED, RegoSet, Value
from constraints.rego.values.number import number_of
from constraints.rego.values.text import text


def read_json(document: str) -> Value:
    """JSON text to a value whose numbers keep the text that they are written in. Raises ValueError."""
    return json.loads(document, parse_float=number_of, parse_constant=_no_number)


def _no_number(name: str) -> Value:
    raise ValueError(f"{name} is not JSON")


N = read_json  # a number with its text


def S(*members: Any) -> RegoSet:
    """A set."""
    return RegoSet.of(members)


def call(name: str, *arguments: Any) -> str:
    """The answer's text, `undefined`, or `<code>: <message>`."""
    try:
        answer = BUILTINS[name].run(*arguments)
    except BuiltinError as error:
        return f"{error.code}: {error}"
    return "undefined" if answer is UNDEFINED else text(answer)
