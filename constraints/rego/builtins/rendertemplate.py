"""`strings.render_template`: Go's text/template over the JSON of an object (facts: OPA's topdown/template.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gojson import unmarshal
from constraints.rego.builtins.gotemplate import (
    Block,
    Call,
    Chain,
    Constant,
    Function,
    Jump,
    Pipe,
    Template,
)
from constraints.rego.builtins.gotemplateparse import parse_template
from constraints.rego.builtins.operands import mapping, string
from constraints.rego.builtins.templatefunctions import FUNCTIONS, shown, truth
from constraints.rego.values.kinds import UNDEFINED, Value, is_number
from constraints.rego.values.number import number_text
from constraints.rego.values.sizes import ENTRY, fit, fit_items, lasting, spend, too_deep
from constraints.rego.values.text import text

_DEEPEST: Final = 100
_NO_VALUE: Final = "<no value>"


class Numeral(str):
    """A number of the data: to Go it is a string (json.Number), and never equal to a number of the template."""

    __slots__ = ()


class _Break(Exception):
    """Leaves the innermost range."""


class _Continue(Exception):
    """Goes on to the next element of the innermost range."""


@builtin("strings.render_template", "string", "object[string:any]", result="string")
def render_template(template: Value, variables: Value) -> str:
    """The template filled in; what is missing is `<undefined>`."""
    tree = _parsed(string(template, 1))
    data = _for_go(unmarshal(text(mapping(variables, 2))))  # OPA reads them from their text, which may be no JSON
    out: list[str] = []
    try:
        _Run(tree, out).nodes(tree.body, data, {"$": data}, 0)
    except RecursionError as error:
        raise too_deep() from error
    return "".join(out).replace(_NO_VALUE, "<undefined>")


_parsed = lasting(256)(parse_template)


def _for_go(value: Value) -> Any:
    if isinstance(value, dict):
        return {key: _for_go(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_for_go(item) for item in value]
    return Numeral(number_text(value)) if is_number(value) else value


def _failed(message: str) -> BuiltinError:
    return BuiltinError(f'template: template:1: executing "template": {message}')


_NODE: Final = 10  # steps for a piece of a template


class _Run:
    """Executes a tree. A variable is a list of one value, so that inner scopes assign to it."""

    def __init__(self, template: Template, out: list[str]) -> None:
        self.template = template
        self.out = out
        self.size = 0

    def nodes(self, nodes: tuple[Any, ...], dot: Any, scope: dict[str, Any], depth: int) -> None:
        """All of a body, in a scope of its own."""
        inner = {name: value if isinstance(value, _Cell) else _Cell(value) for name, value in scope.items()}
        for node in nodes:
            self.size += 1 + (len(self.out[-1]) if self.out else 0)
            fit(self.size)
            spend(_NODE)
            if isinstance(node, str):
                self.out.append(node)
            elif isinstance(node, Pipe):
                self.pipe_out(node, dot, inner)
            elif isinstance(node, Block):
                _BLOCKS[node.kind](self, node, dot, inner, depth)
            elif isinstance(node, Call):
                self.call(node, dot, inner, depth)
            elif isinstance(node, Jump):
                raise _Break if node.kind == "break" else _Continue

    def pipe_out(self, pipe: Pipe, dot: Any, scope: dict[str, Any]) -> None:
        value = self.pipe(pipe, dot, scope)
        if not pipe.variables:
            self.out.append(_NO_VALUE if value is None or value is UNDEFINED else shown(value))

    def call(self, node: Call, dot: Any, scope: dict[str, Any], depth: int) -> None:
        body = self.template.named.get(node.name)
        if body is None:
            raise _failed(f'template "{node.name}" not defined')
        if depth >= _DEEPEST:
            raise _failed(f"exceeded maximum template depth ({_DEEPEST})")
        value = self.pipe(node.pipe, dot, scope) if node.pipe else None
        self.nodes(body, value, {"$": value}, depth + 1)

    def conditional(self, node: Block, dot: Any, scope: dict[str, Any], depth: int) -> None:
        inner = dict(scope)
        value = self.pipe(node.pipe, dot, inner)
        if truth(value):
            self.nodes(node.body, value if node.kind == "with" else dot, inner, depth)
        else:
            self.nodes(node.otherwise, dot, inner, depth)

    def loop(self, node: Block, dot: Any, scope: dict[str, Any], depth: int) -> None:
        inner = dict(scope)
        value = self.pipe(Pipe(node.pipe.commands), dot, inner)
        if type(value) is int and len(node.pipe.variables) > 1:
            raise _failed(f"can't use {value} to iterate over more than one variable")
        if type(value) is int:
            fit_items(value)
            spend(ENTRY * value)
        pairs = list(_elements(value))
        spend(_NODE * len(pairs))
        if not pairs:
            self.nodes(node.otherwise, dot, inner, depth)
        for key, value in pairs:
            chosen = (key, value) if len(node.pipe.variables) > 1 else (value,)
            for name, one in zip(node.pipe.variables, chosen, strict=False):
                _assign(inner, name, one, node.pipe.declares)
            try:
                self.nodes(node.body, value, inner, depth)
            except _Continue:
                continue
            except _Break:
                break

    def pipe(self, pipe: Pipe, dot: Any, scope: dict[str, Any]) -> Any:
        """The value of the last command, which also goes to the variables."""
        value: Any = _NOTHING
        for operands in pipe.commands:
            value = self.command(operands, value, dot, scope)
        for name in pipe.variables:
            _assign(scope, name, value, pipe.declares)
        return value

    def command(self, operands: tuple[Any, ...], last: Any, dot: Any, scope: dict[str, Any]) -> Any:
        first = operands[0]
        if isinstance(first, Function):
            return self.function(first.name, operands[1:], last, (dot, scope))
        if len(operands) > 1 or last is not _NOTHING:
            raise _failed("can't give argument to non-function")
        return self.operand(first, dot, scope)

    def function(self, name: str, operands: tuple[Any, ...], last: Any, where: tuple[Any, dict[str, Any]]) -> Any:
        if name in ("and", "or"):
            return self.connective(name, operands, last, where)
        found = [self.argument(operand, *where) for operand in operands]
        found += [] if last is _NOTHING else [_present(last)]
        function, least, most = FUNCTIONS[name]
        if not least <= len(found) <= most:
            wanted = f"want {'at least ' if most > least else ''}{least}"
            raise _failed(f"wrong number of args for {name}: {wanted} got {len(found)}")
        try:
            made = function(*found)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise _failed(f"error calling {name}: {error}") from error
        if isinstance(made, str):
            fit(len(made))
        return made

    def connective(self, name: str, operands: tuple[Any, ...], last: Any, where: tuple[Any, dict[str, Any]]) -> Any:
        """`and` and `or` take no more arguments than they need."""
        value: Any = _NOTHING
        for operand in operands:
            value = self.argument(operand, *where)
            if truth(value) == (name == "or"):
                return value
        value = value if last is _NOTHING else _present(last)
        if value is _NOTHING:
            raise _failed(f"wrong number of args for {name}: want at least 1 got 0")
        return value

    def argument(self, operand: Any, dot: Any, scope: dict[str, Any]) -> Any:
        return _present(self.operand(operand, dot, scope))

    def operand(self, operand: Any, dot: Any, scope: dict[str, Any]) -> Any:
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Function):
            return self.function(operand.name, (), _NOTHING, (dot, scope))
        value = self.head(operand, dot, scope)
        for name in operand.fields:
            value = _field(value, name)
        return value

    def head(self, chain: Chain, dot: Any, scope: dict[str, Any]) -> Any:
        if chain.head is None:
            return dot
        if isinstance(chain.head, str):
            return scope[chain.head].value
        return self.pipe(chain.head, dot, scope)


_BLOCKS: Final = {"if": _Run.conditional, "with": _Run.conditional, "range": _Run.loop}


class _Cell:
    """A variable."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


_NOTHING: Final = _Cell(None)


def _assign(scope: dict[str, Any], name: str, value: Any, declares: bool) -> None:
    if declares:
        scope[name] = _Cell(value)
    else:
        scope[name].value = value


def _present(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _field(value: Any, name: str) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if value is None:
        raise _failed(f"nil pointer evaluating interface {{}}.{name}")
    raise _failed(f"can't evaluate field {name} in type interface {{}}")


def _elements(value: Any) -> Iterator[tuple[Any, Any]]:
    if value is None or value is UNDEFINED:
        return
    if isinstance(value, dict):
        yield from sorted(value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
    elif type(value) is int:
        yield from ((index, index) for index in range(value))
    else:
        raise _failed(f"range can't iterate over {shown(value)}")
