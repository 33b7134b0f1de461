"""A value in generated code, and what is known of it while the code is made."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

from constraints.dataclass import value
from constraints.rego.names.resolved import Path
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, Value, same

NO_CONSTANT: Final = object()
"""In place of a constant: the value is not known."""

BASE: Final = "base"
"""The kind of an operand that is part of a base document: of any type, looked into as OPA looks into its storage."""

INPUT: Final = "input"
"""The kind of the input document in a constraint's policy: its keys are known."""

INTEGER: Final = "integer"
"""The kind of a number of which is known that it is an int."""

DICT: Final = "dict"
"""The kind of an object of which is known that it is a dict."""

KIND_OF_TYPE: Final[Mapping[str, str]] = {
    "str": "string",
    "list": "array",
    "dict": DICT,
    "int": INTEGER,
    "bool": "boolean",
}
"""What is known of a value whose Python type is known."""

KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    list: "array",
    dict: "object",
    RegoObject: "object",
    RegoSet: "set",
}
"""The kinds of constants; all others are numbers."""


@value
class Operand:
    """A value in generated code: a local variable (`name`), a `constant`, or an expression to be used once (`node`)."""

    name: str = ""  # the variable
    constant: Any = NO_CONSTANT  # the value
    node: ast.expr | None = None  # the expression
    defined: bool = True  # it can't be UNDEFINED
    kind: str = ""  # its type's name where that is known: a type of Rego, one of those above, or `tree`
    test: bool = False  # the expression is a Python bool and never UNDEFINED
    origin: Path | None = None  # the path in the review that the value is at, `*` for any key
    keys: str = ""  # the variable of whose value it is the set of keys

    @property
    def is_constant(self) -> bool:
        """Whether the value is known."""
        return self.constant is not NO_CONSTANT


NOTHING: Final = Operand(constant=UNDEFINED, defined=False)
"""What is never defined."""


def constant(value: Value) -> Operand:
    """A value that is known when the policy is compiled."""
    return Operand(constant=value, kind=KINDS.get(type(value), "number"), defined=value is not UNDEFINED)


def same_constant(one: Operand, other: Operand) -> bool:
    """Whether both are the same constant; that there is no value counts as one."""
    if one.constant is UNDEFINED or other.constant is UNDEFINED:
        return one.constant is other.constant
    return one.is_constant and other.is_constant and same(one.constant, other.constant)
