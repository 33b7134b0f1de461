"""A checked expression to nested functions, one for each node, that charge as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.constants import seeks
from constraints.cel.costs import ERROR, LIST, MAP, MESSAGE, PANICS, Charge, rule_of
from constraints.cel.exact.folds import plan_loop, plan_optional_map, plan_sort_by
from constraints.cel.exact.frame import Frame, Step
from constraints.cel.exact.paths import attribute, path_of
from constraints.cel.exact.planner import Planner
from constraints.cel.failures import Failure, Panic, no_overload
from constraints.cel.library.messages import message
from constraints.cel.library.regex import textual
from constraints.cel.maps import keyed, map_key
from constraints.cel.overloads import FUNCTIONS, Code, alone
from constraints.cel.runtime import optional_target, unwrap_entry
from constraints.cel.syntax import Node
from constraints.cel.values import Value


def plan(checked: Checked, inputs: frozenset[str]) -> Step:
    """The value of a whole expression, with all that it costs; `inputs` are the names that a Frame has values for."""
    return Planner(checked, inputs, _planned).plan(checked.root)


def _planned(planner: Planner, node: Node) -> Step:
    path = path_of(planner, node)
    return attribute(node, path) if path else _PLANS[type(node)](planner, node)


def _call(planner: Planner, node: syntax.Call) -> Step:
    name = planner.checked.functions[node]
    method = node.target is not None and name == node.function
    nodes = (node.target, *node.args) if method and node.target else node.args
    if name in ("or", "orValue") and method:
        return _either(planner, node, name)
    if name == "@sortByAssociatedKeys":
        return plan_sort_by(planner, node)
    steps = [planner.plan(part) for part in nodes]
    if planner.folded.is_membership(node, planner.local):
        return _free(steps, FUNCTIONS[name])
    rule = rule_of(name, planner.checked.overloads[node])
    if name == "_+_":
        return _sum(steps, rule)
    code = FUNCTIONS[name].unguarded or FUNCTIONS[name]
    if name == "ip":
        code = alone(name, planner.checked.overloads[node][0])
    if seeks(name, nodes):
        code = textual(FUNCTIONS[name])
    if name in PANICS and rule:
        return _one(_trapped(steps[0]), code, rule)
    if len(steps) < 2:
        return _one(steps[0], code, rule) if steps else _none(code)
    return _many(steps, code, rule)


def _free(steps: Sequence[Step], code: Code) -> Step:
    return lambda frame: code(*[step(frame) for step in steps])


def _trapped(given: Step) -> Step:
    """An argument whose failure is no failure of the call: cel-go panics there, and the whole evaluation ends."""

    def step(frame: Frame) -> Value:
        try:
            return given(frame)
        except Failure as failure:
            raise Panic from failure

    return step


def _one(given: Step, code: Code, rule: Charge | None) -> Step:
    def step(frame: Frame) -> Value:
        try:
            value = given(frame)
        except Failure:
            charge(frame, rule, (ERROR,))
            raise
        return charged(frame, code, rule, (value,))

    return step


def _cheap(first: Step, second: Step, code: Code) -> Step:
    """A call with two arguments that costs 1."""

    def step(frame: Frame) -> Value:
        a = first(frame)
        try:
            b = second(frame)
        finally:
            frame.spent += 1
        return code(a, b)

    return step


def _many(steps: Sequence[Step], code: Code, rule: Charge | None) -> Step:
    """Arguments in their order. A call with an argument that fails costs something only when it is the last one."""
    *before, last = steps
    if rule is None and len(before) == 1:
        return _cheap(before[0], last, code)

    def step(frame: Frame) -> Value:
        values = [given(frame) for given in before]
        try:
            values.append(last(frame))
        except Failure:
            charge(frame, rule, (*values, ERROR))
            raise
        return charged(frame, code, rule, values)

    return step


def _none(code: Code) -> Step:
    return lambda frame: charged(frame, code, None, ())


def charge(frame: Frame, rule: Charge | None, values: Sequence[Value], result: Value = ERROR) -> None:
    """Pay for a call. Raises Exhausted."""
    if rule is None:
        frame.spent += 1
    else:
        frame.charge(rule.price(values, result))


def charged(frame: Frame, code: Code, rule: Charge | None, values: Sequence[Value]) -> Value:
    """The result of a call that is paid for, beforehand when the price is known then. Raises Exhausted, Failure."""
    if not rule or not rule.after:
        charge(frame, rule, values)
        return code(*values)
    try:
        result = code(*values)
    except Failure:
        charge(frame, rule, values)
        raise
    charge(frame, rule, values, result)
    return result


def _sum(steps: Sequence[Step], rule: Charge | None) -> Step:
    """`a + b`: the list that this makes is free, its items are counted all the same."""
    added = _many(steps, FUNCTIONS["_+_"].unguarded or FUNCTIONS["_+_"], rule)

    def step(frame: Frame) -> Value:
        result = added(frame)
        if type(result) is list:
            frame.held(len(result))
        return result

    return step


def _either(planner: Planner, node: syntax.Call, name: str) -> Step:
    """`a.or(b)` and `a.orValue(b)` cost what is looked at."""
    assert node.target is not None
    first, second = planner.plan(node.target), planner.plan(node.args[0])

    def step(frame: Frame) -> Value:
        value = optional_target(first(frame), name)
        if not value.present:
            return second(frame)
        return value if name == "or" else value.value

    return step


def _logic(planner: Planner, node: syntax.Logic) -> Step:
    """Free, but for the terms that are looked at."""
    steps = [planner.plan(term) for term in node.terms]
    decisive = node.either

    def step(frame: Frame) -> Value:
        failure: Failure | None = None
        for term in steps:
            try:
                verdict = term(frame)
                if verdict is decisive:
                    return decisive
                if verdict is not (not decisive):
                    raise no_overload()
            except Failure as error:
                failure = failure or error
        if failure:
            raise failure
        return not decisive

    return step


def _paid(price: int, make: Step) -> Step:
    """What costs the same also when it fails."""

    def step(frame: Frame) -> Value:
        try:
            return make(frame)
        finally:
            frame.spent += price

    return step


def _list(planner: Planner, node: syntax.ListLiteral) -> Step:
    steps = [(planner.plan(item), place in node.optional) for place, item in enumerate(node.items)]

    def make(frame: Frame) -> Value:
        found = []
        for step, optional in steps:
            value = step(frame)
            if not optional:
                found.append(value)
            elif unwrap_entry(value).present:
                found.append(value.value)
        return found

    return _paid(LIST, make)


def _map(planner: Planner, node: syntax.MapLiteral) -> Step:
    steps = [(planner.plan(entry.key), planner.plan(entry.value), entry.optional) for entry in node.entries]

    def make(frame: Frame) -> Value:
        found: dict[Value, Value] = {}
        for key, value, optional in steps:
            name, item = map_key(key(frame)), value(frame)
            if not optional:
                found[name] = item
            elif unwrap_entry(item).present:
                found[name] = item.value
        return keyed(found)

    return _paid(MAP, make)


def _message(planner: Planner, node: syntax.Message) -> Step:
    steps = [(field.name, planner.plan(field.value)) for field in node.fields]
    optional = tuple(field.name for field in node.fields if field.optional)
    return _paid(MESSAGE, lambda frame: message(node.name, {name: step(frame) for name, step in steps}, optional))


_PLANS: Final[Mapping[type[Node], Callable[[Planner, Any], Step]]] = {
    syntax.Call: _call,
    syntax.Logic: _logic,
    syntax.ListLiteral: _list,
    syntax.MapLiteral: _map,
    syntax.Message: _message,
    syntax.Loop: plan_loop,
    syntax.OptionalMap: plan_optional_map,
}
