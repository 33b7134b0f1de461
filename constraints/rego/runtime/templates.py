"""The parts of template strings, and the whole."""

from __future__ import annotations

from constraints.rego.runtime.context import Context
from constraints.rego.values.kinds import UNDEFINED, Value
from constraints.rego.values.sizes import SMALL, fit, spend_text
from constraints.rego.values.text import text


def shown(part: Value) -> str:
    """A part of a template string."""
    if part is UNDEFINED:
        return "<undefined>"
    return part if isinstance(part, str) else text(part)


def joined(context: Context, parts: list[str]) -> str:
    """A template string."""
    size = sum(map(len, parts))
    fit(size)
    found = "".join(parts)
    if size > SMALL:
        spend_text(found)
    return found
