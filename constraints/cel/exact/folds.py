"""Macros, as cel-go charges for them: each turn looks at what was found so far, tests it, and makes it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from constraints.cel import syntax
from constraints.cel.costs import LIST, rule_of
from constraints.cel.exact.folded import VARIES
from constraints.cel.exact.frame import Frame, Step
from constraints.cel.exact.planner import Planner
from constraints.cel.failures import Exhausted, Failure, Panic, no_overload
from constraints.cel.maps import keyed, map_key
from constraints.cel.overloads import FUNCTIONS
from constraints.cel.runtime import each, insert, optional_target, pairs
from constraints.cel.values import NONE, Optional, Value
from constraints.dataclass import dataclass

NAME: Final = 1  # to look at what was found so far
CALL: Final = 1
Fold = Callable[[Frame, Iterable[Any]], Value]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The keys of the names of a macro, its test and its body; `free` when cel-go makes the list of the body
    beforehand.
    """

    keys: list[str]
    test: Step
    body: Step
    free: bool


def plan_loop(planner: Planner, node: syntax.Loop) -> Step:
    """A macro over a list or a map."""
    source = planner.plan(node.source)
    with planner.naming(*(name.name for name in node.names)) as keys:
        tested = planner.plan(node.test) if node.test else _always
        body = planner.plan(node.body) if node.body else _kept(keys[-1])
        free = node.body is not None and planner.folded.value(node.body, planner.local) is not VARIES
    fold = _FOLDS[node.macro](_Parts(keys, tested, body, free))

    def step(frame: Frame) -> Value:
        turns = _turns(frame, keys, source(frame))
        try:
            return fold(frame, turns)
        finally:
            frame.spent += NAME

    return step


def _always(frame: Frame) -> bool:
    return True


def _turns(frame: Frame, keys: list[str], value: Value) -> Iterable[None]:
    """One turn for each item, which is under its names meanwhile. Raises Failure; Exhausted while it goes on."""
    return _pairs(frame, keys, pairs(value)) if len(keys) == 2 else _items(frame, keys[0], each(value))


def _items(frame: Frame, key: str, items: Iterable[Value]) -> Iterable[None]:
    names = frame.names
    for names[key] in items:
        if frame.spent > frame.limit:
            raise Exhausted
        yield


def _pairs(frame: Frame, keys: list[str], items: Iterable[tuple[Value, Value]]) -> Iterable[None]:
    names = frame.names
    first, second = keys
    for names[first], names[second] in items:
        frame.check()
        yield


def _kept(key: str) -> Step:
    def step(frame: Frame) -> Value:
        frame.spent += NAME
        return frame.names[key]

    return step


def _verdict(frame: Frame, test: Step) -> Value:
    verdict = test(frame)
    if verdict is True or verdict is False:
        return verdict
    raise no_overload()


def _decide(either: bool) -> Callable[[_Parts], Fold]:
    """`exists`, or `all`: before each turn what was found is looked at, and tested."""
    before = NAME + (2 * CALL if either else CALL)

    def decide(parts: _Parts) -> Fold:
        test = parts.test

        def fold(frame: Frame, turns: Iterable[None]) -> Value:
            failure: Failure | None = None
            decided = False
            for _ in turns:
                frame.spent += before
                if decided:
                    break
                frame.spent += NAME
                try:
                    decided = _verdict(frame, test) is either
                except Failure as error:
                    failure = failure or error
            if failure and not decided:
                raise failure
            return decided is either

        return fold

    return decide


def _count(parts: _Parts) -> Fold:
    def fold(frame: Frame, turns: Iterable[None]) -> Value:
        count = 0
        failure: Failure | None = None
        for _ in turns:
            try:
                if _verdict(frame, parts.test):
                    frame.spent += NAME if failure else NAME + CALL
                    count += 1
            except Failure as error:
                failure = error
        if failure:
            raise failure
        frame.spent += CALL
        return count == 1

    return fold


def _collect(parts: _Parts) -> Fold:
    """A list of bodies."""
    price = CALL if parts.free else CALL + LIST

    def fold(frame: Frame, turns: Iterable[None]) -> Value:
        found: list[Value] = []
        _gather(frame, turns, parts, found.append, price)
        return found

    return fold


def _entries(single: bool) -> Callable[[_Parts], Fold]:
    """A map of keys to bodies when `single`, else of the entries that bodies are."""
    price = CALL + NAME if single else CALL

    def entries(parts: _Parts) -> Fold:
        key = parts.keys[0]

        def fold(frame: Frame, turns: Iterable[None]) -> Value:
            found: dict[Value, Value] = {}

            def add(value: Value) -> None:
                insert(found, {map_key(frame.names[key]): value} if single else value)

            _gather(frame, turns, parts, add, price)
            return keyed(found)

        return fold

    return entries


def _gather(frame: Frame, turns: Iterable[None], parts: _Parts, add: Callable[[Value], None], price: int) -> None:
    """Add the body of each turn that passes the test. After a failure the turns go on, but nothing is made any more."""
    failure: Failure | None = None
    for _ in turns:
        try:
            if not _verdict(frame, parts.test):
                continue
        except Failure as error:
            failure = error
            continue
        frame.spent += NAME
        if failure is None:
            failure = _made(frame, parts.body, add, price)
    if failure:
        raise failure


def _made(frame: Frame, body: Step, add: Callable[[Value], None], price: int) -> Failure | None:
    """Add the body's value to what was found, at that price; gives the failure."""
    try:
        add(body(frame))
    except Failure as error:
        return error
    finally:
        frame.spent += price
    return None


_FOLDS: Final[Mapping[str, Callable[[_Parts], Fold]]] = {
    "all": _decide(False),
    "exists": _decide(True),
    "exists_one": _count,
    "filter": _collect,
    "map": _collect,
    "transformList": _collect,
    "transformMap": _entries(True),
    "transformMapEntry": _entries(False),
}


class _Bound:
    """A value that is computed, and paid for, when it is first looked at."""

    def __init__(self, frame: Frame, make: Step) -> None:
        self._frame = frame
        self._make = make
        self._value: Value = _Bound

    def value(self) -> Value:
        """The value; looking costs what a path adds."""
        if self._value is _Bound:
            self._value = self._make(self._frame)
        return self._value


def plan_sort_by(planner: Planner, node: syntax.Call) -> Step:
    """`list.sortBy(x, key)`: the list has a name meanwhile, under which it is looked at twice."""
    keys = node.args[0]
    assert node.target is not None
    assert isinstance(keys, syntax.Loop)
    target = planner.plan(node.target)
    with planner.naming(*(name.name for name in keys.names)) as names:
        assert keys.body is not None
        body = planner.plan(keys.body)
        free = planner.folded.value(keys.body, planner.local) is not VARIES
    fold = _collect(_Parts(names, _always, body, free))
    rule = rule_of(node.function, planner.checked.overloads[node])
    code = FUNCTIONS[node.function].unguarded or FUNCTIONS[node.function]

    def step(frame: Frame) -> Value:
        try:
            items = target(frame)
        finally:
            frame.spent += NAME
        frame.spent += NAME
        try:
            turns = _turns(frame, names, items)
            try:
                sorted_by = fold(frame, turns)
            finally:
                frame.spent += NAME
        except Failure as failure:
            if rule:
                raise Panic from failure
            frame.charge(CALL)
            raise
        frame.charge(rule.price((items, sorted_by), None) if rule else CALL)
        return code(items, sorted_by)

    return step


def plan_optional_map(planner: Planner, node: syntax.OptionalMap) -> Step:
    """`target.optMap(x, body)`: the target is asked first, and computed once more when the body looks at `x`."""
    target = planner.plan(node.target)
    macro = "optFlatMap" if node.flat else "optMap"
    with planner.binding(node.name.name) as key:
        body = planner.plan(node.body)

    def step(frame: Frame) -> Value:
        try:
            value = optional_target(target(frame), macro)
        finally:
            frame.charge(CALL)  # hasValue()
        if not value.present:
            frame.spent += CALL  # optional.none()
            return NONE
        frame.names[key] = _Bound(frame, lambda inner: _dereferenced(inner, target))
        if node.flat:
            return body(frame)
        try:
            return Optional(body(frame))
        finally:
            frame.spent += CALL  # optional.of()

    return step


def _dereferenced(frame: Frame, target: Step) -> Value:
    try:
        return target(frame).value
    finally:
        frame.charge(CALL)
