"""The upper bound of the cost that generated code keeps in its first slot, and calls that add to it.

What an expression costs whatever it sees is known when it is compiled. What loops cost is added before they begin, what
calls cost that depends on their arguments when they are made. More than MOST ends the evaluation: then the cost has to
be counted exactly (see exact/).
"""

from __future__ import annotations

from typing import Final

from constraints.cel.arithmetic import add
from constraints.cel.costs import PER_CALL, Charge, searched
from constraints.cel.equality import contains, equal
from constraints.cel.failures import Exhausted, Failure
from constraints.cel.overloads import Code
from constraints.cel.values import Keyed, Value

TALLY: Final = 0  # the slot
MOST: Final = PER_CALL // 2  # variables are computed once here, and once more for messages in Kubernetes
_SIZED: Final = frozenset({str, bytes, list, dict, Keyed})


def same(slots: list[Value], a: Value, b: Value) -> bool:
    """`a == b` for values of any size."""
    if type(a) in _SIZED and type(b) in _SIZED:
        slots[TALLY] += min(len(a), len(b)) // 10
    return equal(a, b)


def different(slots: list[Value], a: Value, b: Value) -> bool:
    """`a != b` for values of any size."""
    try:
        return not same(slots, a, b)
    except Failure:
        return True


def total(slots: list[Value], a: Value, b: Value) -> Value:
    """`a + b` for what may be texts or lists. Raises Exhausted before these grow too large."""
    kind = type(a)
    if kind is type(b) and kind in _SIZED:
        if kind is list and not b:  # most often there are no such containers
            slots[TALLY] += len(a) // 10
            return a
        slots[TALLY] = tally = slots[TALLY] + (len(a) + len(b)) // 10
        if tally > MOST:
            raise Exhausted
        if kind is list or kind is str:
            return a + b if b else a
    return add(a, b)


def among(slots: list[Value], item: Value, container: Value) -> bool:
    """`item in container` for a list."""
    if type(container) is list:
        if not container:
            return False
        slots[TALLY] += len(container)
        if type(item) is str:
            return item in container
    return contains(item, container)


def affix(slots: list[Value], code: Code, text: Value, part: Value) -> bool:
    """Whether a text begins, or ends, with another."""
    if type(part) is str:
        slots[TALLY] += len(part) // 10
    return bool(code(text, part))


def search(slots: list[Value], code: Code, text: Value, pattern: str) -> Value:
    """A call that looks for a constant pattern; for a part of a text this is more than it costs."""
    if type(text) is str:
        slots[TALLY] += searched(len(text), len(pattern))
    return code(text, pattern)


def pay(slots: list[Value], cost: int) -> None:
    """Raises Exhausted."""
    slots[TALLY] = tally = slots[TALLY] + cost
    if tally > MOST:
        raise Exhausted


def prepay(slots: list[Value], first: Value) -> None:
    """What a call costs that has no second argument, because that fails. Raises Exhausted."""
    if type(first) in _SIZED:
        pay(slots, 2 * len(first) if type(first) is list else len(first) // 10 + 1)


def metered(slots: list[Value], rule: Charge, code: Code, *values: Value) -> Value:
    """A call with a rule for its price. Raises Exhausted."""
    if not rule.after:
        pay(slots, rule.price(values, None))
        return code(*values)
    result = code(*values)
    pay(slots, rule.price(values, result))
    return result
