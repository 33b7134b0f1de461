"""sprintf: Go's, with OPA's arguments (OPA's topdown/strings.go)."""

from __future__ import annotations

import math
from decimal import Decimal

from constraints.rego.builtins import builtin, goprint
from constraints.rego.builtins.goverbs import Argument
from constraints.rego.builtins.operands import array, string
from constraints.rego.values.kinds import Value
from constraints.rego.values.number import number_text, whole
from constraints.rego.values.sizes import look_through, scan
from constraints.rego.values.text import text


@builtin("sprintf", "string", "array", result="string")
def sprintf(template: Value, values: Value) -> str:
    """The values in a format; what is neither a number nor a string is its OPA text."""
    scan(string(template, 1), 4)
    look_through(array(values, 2), 2)
    return goprint.sprintf(template, [argument(value) for value in values])


def argument(value: Value) -> Argument:
    """A value as OPA hands it to Go: an integer only if it is written as one."""
    if type(value) is str or type(value) is int:
        return value
    if isinstance(value, (float, Decimal)):
        integer = whole(value)
        return _float(value) if integer is None else integer
    return text(value)


def _float(value: float | Decimal) -> float | str:
    nearest = float(value)
    return nearest if math.isfinite(nearest) else number_text(value)
