"""The rows of a constraint's evaluation: messages with their details, each of which becomes a violation."""

from __future__ import annotations

from typing import Final

from constraints.rego.runtime.iteration import items_of
from constraints.rego.values.kinds import Key, Value, key_of
from constraints.rego.values.sizes import present, stop

Rows = dict[Key, tuple[Value, Value]]
"""What was found against an object: messages with their details."""

EMPTY: Final[dict[str, Value]] = {}

_ROW: Final = 40
"""Steps for a row, which becomes a violation in the end."""

_ONLY: Final = object()
"""The key of a row with details as long as there is no other such row: keys of details are only made to compare
them.
"""


def report(found: Rows, message: Value, details: Value = EMPTY) -> None:
    """Add a row; of equal ones the last counts."""
    steps = present()  # as many lines as are spared by a call, for each violation
    steps.left = left = steps.left - _ROW
    if left < 0:
        stop()
    if type(details) is dict and not details:
        found[key_of(message)] = (message, details)
    elif not found:
        found[_ONLY] = (message, details)
    else:
        only = found.pop(_ONLY, None)
        if only is not None:
            found["row", key_of(only[0]), key_of(only[1])] = only
        found["row", key_of(message), key_of(details)] = (message, details)


def report_member(found: Rows, member: Value) -> None:
    """Add the row of a member of `violation`; what has no message says nothing."""
    if type(member) is dict and "msg" in member:
        report(found, member["msg"], member.get("details", EMPTY))


def report_all(found: Rows, members: Value) -> None:
    """Add the rows of all keys of a document."""
    for member, value in items_of(members):
        if value is not False:
            report_member(found, member)
