"""What Kubernetes asks of an expression that has the right types: literals of one kind, patterns that can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.failures import Failure, Invalid, Problem
from constraints.cel.library.formatting import CLAUSE, clause_of
from constraints.cel.library.regex import is_regex
from constraints.cel.library.time import parse_duration, timestamp
from constraints.cel.scan import parts
from constraints.cel.syntax import Node
from constraints.cel.types import Type, equivalent, unwrapped
from constraints.cel.values import EARLIEST, LATEST, NANOS, Opaque


def validate(checked: Checked) -> Checked:
    """The same expression. Raises Invalid with every problem."""
    problems = list(_problems(checked, checked.root, False))
    if problems:
        raise Invalid(problems)
    return checked


def _problems(checked: Checked, node: Node, exempt: bool) -> Iterator[Problem]:
    formats = isinstance(node, syntax.Call) and node.function == "format"
    if isinstance(node, syntax.ListLiteral) and not exempt:
        yield from _mixed(checked, node.items, node.optional)
    elif isinstance(node, syntax.MapLiteral) and not exempt:
        yield from _mixed_entries(checked, node)
    elif isinstance(node, syntax.Call):
        yield from _unreadable(node)
        if formats:
            yield from _unformattable(checked, node)
    for part in parts(node):
        yield from _problems(checked, part, exempt or formats)


def _mixed(checked: Checked, items: tuple[Node, ...], optional: frozenset[int]) -> Iterator[Problem]:
    first: Type | None = None
    for place, item in enumerate(items):
        found = _kind(checked, item, place in optional)
        if first is None:
            first = found
        elif not equivalent(first, found):
            yield _mismatch(item, first, found)
            return


def _mixed_entries(checked: Checked, node: syntax.MapLiteral) -> Iterator[Problem]:
    """Every entry whose key or value is of another type than the first one's, where lists have one problem."""
    for entry in node.entries[1:]:
        first = node.entries[0]
        for of_first, item, optional in (
            (_kind(checked, first.key, False), entry.key, False),
            (_kind(checked, first.value, first.optional), entry.value, entry.optional),
        ):
            found = _kind(checked, item, optional)
            if not equivalent(of_first, found):
                yield _mismatch(item, of_first, found)


def _kind(checked: Checked, node: Node, optional: bool) -> Type:
    """The type of an item; of what an optional one holds."""
    found = checked.types[node]
    return found.parameters[0] if optional and found.parameters else found


def _mismatch(node: Node, wanted: Type, found: Type) -> Problem:
    return Problem(node.at, f"expected type '{wanted}' but found '{found}'")


def _is_timestamp(text: str) -> bool:
    try:
        timestamp(text)
    except Failure:
        return False
    return True


def _is_moment(nanos: int) -> bool:
    return EARLIEST <= nanos <= LATEST


_READABLE: Final[dict[str, Callable[[str], object]]] = {
    "matches": is_regex,
    "duration": lambda text: parse_duration(text) is not None,
    "timestamp": _is_timestamp,
}


def _unreadable(node: syntax.Call) -> Iterator[Problem]:
    test = _READABLE.get(node.function)
    given = node.args[0] if node.args else None
    if not test or not isinstance(given, syntax.Literal):
        return
    is_late = node.function == "timestamp" and type(given.value) is int and not _is_moment(given.value * NANOS)
    if is_late or (isinstance(given.value, str) and not test(given.value)):
        yield Problem(given.at, f"invalid {node.function} argument")


def _unformattable(checked: Checked, node: syntax.Call) -> Iterator[Problem]:
    """A literal with literal arguments: as many as clauses, and each of a type that its clause takes."""
    text, values = node.target, node.args[0] if node.args else None
    if not isinstance(text, syntax.Literal) or not isinstance(values, syntax.ListLiteral):
        return
    used = 0
    for found in CLAUSE.finditer(str(text.value)):
        if found[1] == "%":
            continue
        try:
            if found[1] and used >= len(values.items):
                raise Failure(f"index {used} out of range")
            writer = clause_of(found)
        except Failure as error:
            yield Problem(node.at, str(error))
            return
        misfit = next(_misfit(checked, values.items[used], found[3], writer), None)
        if misfit:
            yield misfit
            return
        used += 1
    if used < len(values.items):
        count = f"(expected {used}, got {len(values.items)})"
        yield Problem(node.at, f"too many arguments supplied to string.format {count}")


_SAMPLES: Final = {"int": 0, "double": 0.0, "bool": True, "null_type": None, "bytes": b"", "string": ""}
_SHOWABLE: Final = frozenset({"list", "map", "type", "dyn", "google.protobuf.Timestamp", "google.protobuf.Duration"})


def _sample(name: str) -> Opaque:
    """A value of a type by its name only."""
    kind: type[Opaque] = type("Sample", (Opaque,), {"type_name": name})
    return kind()


def _misfit(checked: Checked, node: Node, clause: str, writer: Callable[..., str]) -> Iterator[Problem]:
    """A wrong type is wrong for every value, so a sample of the type tells. Of literals, the first wrong part."""
    found = unwrapped(checked.types[node])
    if found.name in ("dyn", "uint") or (found.name == "string" and clause in "fe"):
        return
    try:
        if found.name in _SAMPLES:
            writer(_SAMPLES[found.name], 0)
        elif clause != "s" or found.name not in _SHOWABLE:
            writer(_sample(found.name), 0)
    except Failure as error:
        yield Problem(node.at, f"error during formatting: {error}")
        return
    if isinstance(node, syntax.ListLiteral | syntax.MapLiteral):
        for part in parts(node):
            yield from _misfit(checked, part, clause, writer)
