"""What generated code may call, besides values and builtins: the context of an evaluation, iteration, conflicts, `with`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from decimal import Decimal
from typing import Any, Final, NoReturn

from constraints.errors import EvaluationError
from constraints.lang.source import Span
from constraints.rego.builtins import Builtin, BuiltinError
from constraints.rego.builtins.arithmetic import difference
from constraints.rego.builtins.outside import Outside
from constraints.rego.values.kinds import (
    UNDEFINED,
    Key,
    RegoObject,
    RegoSet,
    Value,
    has_member,
    is_number,
    key_of,
    lookup,
    number_text,
    object_of,
    same,
    sorted_pairs,
    text,
)
from constraints.rego.values.number import Written, WrittenDecimal
from constraints.rego.values.number import is_moderate as is_moderate
from constraints.rego.values.sizes import ENTRY, FEW, ITEM, LONG, MEMBER, SMALL, STEPS, fit, spend_text, stop

Where = tuple[str, int, int]
"""A place in a policy: the source's name, line, column."""

MISSING: Final = object()
"""In a table of answers: not asked yet."""

SPLIT: Final = object()
"""In the place of a partial rule's answer: each key has to be asked for, as some other one ends in a conflict."""

CONFLICT: Final = "eval_conflict_error"

NOWHERE: Final = Outside()
ANSWERS: Final = 4096
BUDGET: Final = 10_000_000
FREE: Final = 50_000
"""Steps of an evaluation until which it costs more to remember the answers of functions than to compute them again."""

SHARING: Final = frozenset({"array.concat", "array.reverse", "array.slice", "sort"})
"""Builtins that make lists of items which were there before."""

SIZED: Final = frozenset({str, list, dict, RegoSet, RegoObject})
NUMBERS: Final = frozenset({int, float, Decimal, Written, WrittenDecimal})
_COLLECTIONS: Final = frozenset({list, dict, RegoSet, RegoObject})


class Context:
    """One evaluation: its documents, its budget, what it remembers. `with` makes another one for a statement.

    `review`: `input.review` in a constraint's policy. `memo`: the answers of rules, by their number. `mocks`: replacements of functions by name. `tables`: those of joins, by the function that makes them. `hidden`: the numbers of
    rules that `with` replaces by data. `budget`: the steps that are left, shared by derived contexts. `calls`: the answers
    of functions, remembered once there are fewer steps left than `plenty`. `split`: what partial rules have at single keys,
    by their number, once the whole has ended in a conflict.
    """

    __slots__ = (
        "budget",
        "calls",
        "data",
        "hidden",
        "input",
        "memo",
        "memory",
        "mocks",
        "outside",
        "plenty",
        "review",
        "split",
        "strict",
        "tables",
    )

    def __init__(self, input: Value, data: Value, rules: int, outside: Outside = NOWHERE) -> None:
        self.input = input
        self.data = data
        self.memo: list[Value] = [MISSING] * rules
        self.mocks: Mapping[str, Mock] = {}
        self.hidden: frozenset[int] = frozenset()
        self.outside = outside
        self.memory: dict[Any, Any] = {}
        self.budget = STEPS
        self.plenty = BUDGET - FREE
        self.calls: dict[Key, Value] = {}
        self.strict = False
        self.review: Value = UNDEFINED
        self.tables: dict[Any, tuple[Value, Table]] = {}
        self.split: dict[int, dict[Any, Value]] = {}

    def derived(self) -> Context:
        """The same evaluation, with answers of rules forgotten."""
        other = Context.__new__(Context)
        other.input, other.data, other.mocks, other.hidden = self.input, self.data, self.mocks, self.hidden
        other.outside, other.memory, other.budget, other.strict = self.outside, self.memory, self.budget, self.strict
        other.review, other.tables = self.review, self.tables
        other.plenty, other.calls, other.split = self.plenty, {}, {}
        other.memo = [MISSING] * len(self.memo)
        return other


Table = dict[Key, list[Any]]
"""Rows of a join by the values that they are asked for."""


class Mock:
    """What a function is replaced by: a function (`run`), or a value."""

    __slots__ = ("run", "value")

    def __init__(self, run: Any = None, value: Value = UNDEFINED) -> None:
        self.run = run
        self.value = value


def values_of(value: Value) -> Iterable[Value]:
    """What `value[_]` stands for, in no order."""
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]
    if kind is dict:
        return value.values()  # type: ignore[no-any-return]
    if kind is RegoSet:
        return value.by_key.values()  # type: ignore[no-any-return]
    return [pair[1] for pair in value.by_key.values()] if kind is RegoObject else ()


def sorted_values(value: Value) -> Iterable[Value]:
    """What `value[_]` stands for, in order of keys."""
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]
    if kind is RegoSet:
        return value.sorted_members()  # type: ignore[no-any-return]
    return [pair[1] for pair in sorted_pairs(value)] if kind is dict or kind is RegoObject else ()


def items_of(value: Value) -> Iterable[tuple[Value, Value]]:
    """The keys of `value[k]`, each with what is there, in no order; a member of a set is its own key."""
    kind = type(value)
    if kind is list:
        return enumerate(value)
    if kind is dict:
        return value.items()  # type: ignore[no-any-return]
    if kind is RegoSet:
        return [(member, member) for member in value.by_key.values()]
    return value.by_key.values() if kind is RegoObject else ()


def keys_of(value: Value) -> RegoSet:
    """`{key | value[key]}`."""
    if type(value) is dict:
        return RegoSet({key: key for key, item in value.items() if item is not False})
    return RegoSet.of(key for key, item in items_of(value) if item is not False)


def missing_keys(members: RegoSet, value: Value) -> RegoSet:
    """`members - {key | value[key]}`."""
    if type(value) is not dict:
        return difference(members, keys_of(value))
    size = len(members.by_key)
    if size > FEW:
        STEPS.spend(size)
    found = {key: member for key, member in members.by_key.items() if value.get(key, False) is False}
    return RegoSet(found)


def sorted_items(value: Value) -> Iterable[tuple[Value, Value]]:
    """The keys of `value[k]`, each with what is there, in order of keys."""
    kind = type(value)
    if kind is list:
        return enumerate(value)
    if kind is RegoSet:
        return [(member, member) for member in value.sorted_members()]
    return sorted_pairs(value) if kind is dict or kind is RegoObject else ()


def spend(context: Context, value: Value) -> None:
    """Count the iterations that a loop over the value makes, one at least."""
    context.budget.spend(len(value) if type(value) in _COLLECTIONS else 1)


def spend_size(context: Context, value: Value) -> None:
    """Count what a value takes that a builtin made."""
    kind = type(value)
    if kind is str:
        spend_text(value)
    elif kind is int:
        context.budget.spend(value.bit_length() >> 3)
    elif kind in _COLLECTIONS and not (kind is RegoSet and not value.is_made):
        context.budget.spend(len(value) * (ITEM if kind is list else ENTRY))


def spend_members(context: Context, found: Sized) -> None:
    """Count what was collected."""
    context.budget.spend(len(found) * MEMBER)


def spend_copy(context: Context, value: Value) -> None:
    """Count what a list takes whose items were there before."""
    context.budget.spend(len(value) >> 1)


def is_collection(value: Value) -> bool:
    """Whether it can be iterated."""
    return type(value) in _COLLECTIONS


def has_members(value: Value, count: int) -> bool:
    """Whether it is an object of that many keys."""
    return (type(value) is dict or type(value) is RegoObject) and len(value) == count


def contains(value: Value, collection: Value) -> bool:
    """`value in collection`."""
    return has_member(collection, value)


def contains_pair(key: Value, value: Value, collection: Value) -> bool:
    """`key, value in collection`."""
    return same(lookup(collection, key), value)


def conflict(message: str, where: Where) -> NoReturn:
    """Raises OPA's conflict error."""
    name, line, column = where
    message = f"{name}:{line}: eval_conflict_error: {message}"
    raise EvaluationError(message, code=CONFLICT, span=Span(line, column), source=name)


def whole_or_split(context: Context, number: int, whole: Callable[[Context], Value]) -> Value:
    """A partial rule's answer; SPLIT where that ends in a conflict, which whoever asks for single keys may not meet."""
    if number in context.split:
        return SPLIT
    try:
        return whole(context)
    except EvaluationError as error:
        if error.code != CONFLICT:
            raise
        context.split[number] = {}
        return SPLIT


def at_keys(context: Context, number: int, search: Callable[..., Value], *keys: Value) -> Value:
    """What a split rule has at these keys, searched once."""
    known = context.split[number]
    key = (search, *map(key_of, keys))
    if key not in known:
        known[key] = search(context, *keys)
    return known[key]


def agree(found: Value, value: Value, where: Where) -> Value:
    """A complete rule's second answer: must be the first one again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("complete rules must not produce multiple outputs", where)


def agree_function(found: Value, value: Value, where: Where) -> Value:
    """A function's second answer: must be the first one again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("functions must not produce multiple outputs for same inputs", where)


def put(found: dict[Key, tuple[Value, Value]], key: Value, value: Value, where: Where) -> None:
    """Add a pair to an object; another value at the same key is a conflict."""
    index = key_of(key)
    before = found.get(index)
    if before is None:
        found[index] = (key, value)
    elif not same(before[1], value):
        conflict("object keys must be unique", where)


def built(found: dict[Key, tuple[Value, Value]]) -> Value:
    """The object that was built by `put`."""
    return object_of(found.values())


def failed(context: Context, error: BuiltinError, name: str, where: Where) -> Value:
    """A builtin without an answer: undefined, or in strict mode an error."""
    if not context.strict:
        return UNDEFINED
    message = f"{where[0]}:{where[1]}: {error.code}: {name}: {error}"
    raise EvaluationError(message, code=error.code, span=Span(where[1], where[2]), source=where[0]) from error


def attempt(context: Context, builtin: Builtin, arguments: tuple[Value, ...], where: Where) -> Value:
    """A builtin's answer, undefined when it has none."""
    try:
        found = builtin.run(context, *arguments) if builtin.contextual else builtin.run(*arguments)
    except BuiltinError as error:
        return failed(context, error, builtin.name, where)
    if type(found) in SIZED and len(found) > FEW:
        (spend_copy if builtin.name in SHARING else spend_size)(context, found)
    return found


def mocked(context: Context, name: str, original: Any, arguments: tuple[Value, ...]) -> Value:
    """The answer of a function that some `with` replaces; what replaces it calls no replacement itself."""
    mock = context.mocks.get(name)
    if mock is None:
        return original(context, *arguments)
    if mock.run is None:
        return mock.value
    unmocked = context.derived()
    unmocked.mocks = {}
    return mock.run(unmocked, *arguments)


def patched(document: Value, path: tuple[str, ...], value: Value) -> Value:
    """The document with `value` at `path`; what is in the way is replaced by objects."""
    if not path:
        return value
    inner = patched(lookup(document, path[0]), path[1:], value)
    if type(document) is RegoObject:
        return RegoObject({**document.by_key, path[0]: (path[0], inner)})
    return {**document, path[0]: inner} if type(document) is dict else {path[0]: inner}


def with_input(context: Context, path: tuple[str, ...], value: Value) -> Context:
    """`with input.path as value`."""
    other = context.derived()
    other.input = patched(context.input, path, value)
    return other


def with_data(context: Context, path: tuple[str, ...], value: Value, hidden: frozenset[int]) -> Context:
    """`with data.path as value`; the `hidden` rules, at that path or below, answer by data from now on."""
    other = context.derived()
    other.data = patched(context.data, path, value)
    other.hidden = context.hidden | hidden
    return other


def with_mock(context: Context, name: str, mock: Mock) -> Context:
    """`with name as ...` for a function."""
    other = context.derived()
    other.mocks = {**context.mocks, name: mock}
    return other


def base_lookup(value: Value, key: Value) -> Value:
    """One step into a base document: OPA's storage knows keys and indices by their text."""
    if type(value) is dict and is_number(key):
        return value.get(number_text(key), UNDEFINED)
    if type(value) is list and type(key) is str:
        return lookup(value, int(key)) if key.isdecimal() and len(key) < 10 else UNDEFINED
    return lookup(value, key)


Rows = dict[Key, tuple[Value, Value]]
"""What was found against an object: messages with their details."""

EMPTY: Final[dict[str, Value]] = {}


_CALL: Final = 16
"""Steps for an answer of a function that is remembered."""

_ROW: Final = 40
"""Steps for a row, which becomes a violation in the end."""

_ONLY: Final = object()
"""The key of a row with details as long as there is no other such row: keys of details are only made to compare them."""


def report(found: Rows, message: Value, details: Value = EMPTY) -> None:
    """Add a row; of equal ones the last counts."""
    STEPS.left = left = STEPS.left - _ROW
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


def data_at(context: Context, path: tuple[str, ...]) -> Value:
    """What the base document holds at `path`."""
    value = context.data
    for key in path:
        value = lookup(value, key)
    return value


def recalled(run: Callable[..., Value], context: Context, *arguments: Value) -> Value:
    """A function's answer in this evaluation, which is computed when it is first asked for."""
    key = (run, *map(key_of, arguments))
    found = context.calls.get(key, MISSING)
    if found is MISSING:
        context.budget.spend(_CALL)
        found = context.calls[key] = run(context, *arguments)
    return found


def remembered(answers: dict[str, Value], argument: str, answer: Value) -> Value:
    """Keep a function's answer, unless it is large; a full table is emptied, since clusters repeat themselves soon."""
    if len(argument) > LONG or (type(answer) in SIZED and len(answer) > LONG):
        return answer
    if len(answers) >= ANSWERS:
        answers.clear()
    # null can't be told from nothing, and is computed again
    answers[argument] = answer
    return answer


def table_of(context: Context, make: Callable[[Context], Table]) -> Table:
    """The table that `make` makes of the inventory; it is made once for an inventory."""
    inventory = context.data["inventory"]
    kept = context.tables.get(make)
    if kept is None or kept[0] is not inventory:
        kept = context.tables[make] = (inventory, make(context))
    return kept[1]


def own_table_of(context: Context, make: Callable[[Context], Table]) -> Table:
    """The table that `make` makes of the documents of an evaluation, once for that; its rows are counted."""
    kept: Table | None = context.memory.get(make)
    if kept is None:
        kept = context.memory[make] = make(context)
        context.budget.spend(sum(map(len, kept.values())) * MEMBER)
    return kept


def counted_rows_of(table: Table, *keys: Value) -> Iterable[Any]:
    """The rows for these values, each of which is a step."""
    rows = rows_of(table, *keys)
    STEPS.spend(1 + len(rows))
    return rows


def add_row(table: Table, keys: tuple[Value, ...], row: Any) -> None:
    """Add a row to the table of a join."""
    table.setdefault(tuple(map(key_of, keys)), []).append(row)


def rows_of(table: Table, *keys: Value) -> Collection[Any]:
    """The rows for these values."""
    return table.get(tuple(map(key_of, keys)), ())


def set_of(members: list[Value]) -> RegoSet:
    """`{a, b}`."""
    return RegoSet.of(members)


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


def one_part(found: Value, value: Value, where: Where) -> Value:
    """A template string's part for a further solution: must be the same value again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("template-strings must not produce multiple outputs", where)


def callable_of(builtin: Builtin, where: Where) -> Any:
    """A builtin as a function of the Context and its arguments."""

    def run(context: Context, *arguments: Value) -> Value:
        return attempt(context, builtin, arguments, where)

    return run
