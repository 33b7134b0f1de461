"""Calls of Rego's builtins for tests: values in, OPA's text of the answer out."""

from __future__ import annotations

from typing import Any

from constraints.rego.builtins import BUILTINS, BuiltinError
from constraints.rego.values.kinds import UNDEFINED, RegoSet
from constraints.rego.values.plain import read_json
from constraints.rego.values.text import text

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
