"""`strings.render_template`: Go's text/template over the JSON of an object (facts: OPA's topdown/template.go)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gotemplate import (
    Block,
    Call,
    Chain,
    Constant,
    Function,
    Jump,
    Pipe,
    Template,
    parse_template,
)
from constraints.rego.builtins.operands import as_bytes, mapping, string
from constraints.rego.goprint import sprintf
from constraints.rego.number import number_text
from constraints.rego.values import UNDEFINED, Value, is_number, to_json

_DEEPEST: Final = 100
_NO_VALUE: Final = "<no value>"


class Numeral(str):
    """A number of the data: to Go it is a string (json.Number), and never equal to a number of the template."""

    __slots__ = ()


class _Break(Exception):
    """Leaves the innermost range."""


class _Continue(Exception):
    """Goes on to the next element of the innermost range."""


@builtin("strings.render_template", "string", "object", result="string")
def render_template(template: Value, variables: Value) -> str:
    """The template filled in; what is missing is `<undefined>`."""
    tree = _parsed(string(template, 1))
    data = _for_go(to_json(mapping(variables, 2)))
    out: list[str] = []
    try:
        _Run(tree, out).nodes(tree.body, data, {"$": data}, 0)
    except RecursionError as error:
        raise BuiltinError("template is nested too deeply") from error
    return "".join(out).replace(_NO_VALUE, "<undefined>")


_parsed = lru_cache(maxsize=256)(parse_template)


def _for_go(value: Value) -> Any:
    if isinstance(value, dict):
        return {key: _for_go(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_for_go(item) for item in value]
    return Numeral(number_text(value)) if is_number(value) else value


def _failed(message: str) -> BuiltinError:
    return BuiltinError(f'template: template:1: executing "template": {message}')


class _Run:
    """Executes a tree. A variable is a list of one value, so that inner scopes assign to it."""

    def __init__(self, template: Template, out: list[str]) -> None:
        self.template = template
        self.out = out

    def nodes(self, nodes: tuple[Any, ...], dot: Any, scope: dict[str, Any], depth: int) -> None:
        """All of a body, in a scope of its own."""
        inner = {name: value if isinstance(value, _Cell) else _Cell(value) for name, value in scope.items()}
        for node in nodes:
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
        pairs = list(_elements(value))
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
        function, least, most = _FUNCTIONS[name]
        if not least <= len(found) <= most:
            wanted = f"want {'at least ' if most > least else ''}{least}"
            raise _failed(f"wrong number of args for {name}: {wanted} got {len(found)}")
        try:
            return function(*found)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise _failed(f"error calling {name}: {error}") from error

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


def truth(value: Any) -> bool:
    """As `if` has it: what is empty is false; a number of the data is a string that is not empty."""
    return value is not UNDEFINED and bool(value)


def shown(value: Any) -> str:
    """As Go's fmt prints it."""
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{shown(item)}' for key, item in sorted(value.items()))}]"
    return number_text(value)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(as_bytes(value))
    if isinstance(value, dict | list):
        return len(value)
    raise TypeError(f"len of type {_kind(value)}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise TypeError("value has type int; should be string")
            value = value.get(key, UNDEFINED)
        elif isinstance(value, list):
            value = value[_place(key, len(value) - 1)]
        elif type(value) is str:
            value = as_bytes(value)[_place(key, len(as_bytes(value)) - 1)]
        else:
            raise TypeError("index of untyped nil" if value is None else f"can't index item of type {_kind(value)}")
    return value


def _place(key: Any, highest: int) -> int:
    if type(key) is not int:
        raise TypeError(f"cannot index slice/array with type {_kind(key)}")
    if not 0 <= key <= highest:
        raise IndexError(f"index out of range: {key}")
    return key


def _slice(value: Any, *ends: Any) -> Any:
    if not isinstance(value, list) and type(value) is not str:
        raise TypeError(f"can't slice item of type {_kind(value)}")
    whole = as_bytes(value) if isinstance(value, str) else value
    start, end = [_place(one, len(whole)) for one in (*ends, *(0, len(whole))[len(ends) :])][:2]
    if start > end:
        raise IndexError(f"invalid slice index: {start} > {end}")
    part = whole[start:end]
    return part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part


def _print(*values: Any) -> str:
    """A space stands between two of which none is a string."""
    out = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            out.append(" ")
        out.append(shown(value))
    return "".join(out)


def _println(*values: Any) -> str:
    return " ".join(map(shown, values)) + "\n"


def _printf(template: Any, *values: Any) -> str:
    if not isinstance(template, str):
        raise TypeError(f"wrong type for value; expected string; got {_kind(template)}")
    return sprintf(template, [value if type(value) in (str, int, float) else shown(value) for value in values])


_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_JS: Final = {"'": "\\'", "\\": "\\\\", "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D", '"': '\\"'}


def _html(*values: Any) -> str:
    return "".join(_HTML.get(character, character) for character in _print(*values))


def _js(*values: Any) -> str:
    text = "".join(_JS.get(character, character) for character in _print(*values))
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04X}", text)


def _urlquery(*values: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(as_bytes(_print(*values)), safe="~")


def _kind(value: Any) -> str:
    """What Go's template package compares by; a number of the data is of the kind of strings."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return type(value).__name__.replace("float", "float64")
    return "nil" if value is None else "map" if isinstance(value, dict) else "slice"


def _eq(one: Any, *others: Any) -> bool:
    if isinstance(one, dict | list):
        raise TypeError(f"non-comparable type {shown(one)}: {_kind(one)}")
    for other in others:
        if _kind(one) != _kind(other) and one is not None and other is not None:
            raise TypeError("incompatible types for comparison")
        if one == other:
            return True
    return False


def _lt(one: Any, other: Any) -> bool:
    if _kind(one) not in ("string", "int", "float64"):
        raise TypeError("invalid type for comparison")
    if _kind(one) != _kind(other):
        raise TypeError("incompatible types for comparison")
    return bool(one < other)


def _le(one: Any, other: Any) -> bool:
    return _lt(one, other) or _eq(one, other)


def _not_callable(*_: Any) -> Any:
    raise TypeError("non-function of type interface {}")


_MANY: Final = 1 << 30
_FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    "not": (lambda value: not truth(value), 1, 1),
    "len": (_length, 1, 1),
    "index": (_index, 1, _MANY),
    "slice": (_slice, 1, 4),
    "print": (_print, 0, _MANY),
    "printf": (_printf, 1, _MANY),
    "println": (_println, 0, _MANY),
    "html": (_html, 0, _MANY),
    "js": (_js, 0, _MANY),
    "urlquery": (_urlquery, 0, _MANY),
    "call": (_not_callable, 1, _MANY),
    "eq": (_eq, 2, _MANY),
    "ne": (lambda one, other: not _eq(one, other), 2, 2),
    "lt": (_lt, 2, 2),
    "le": (_le, 2, 2),
    "gt": (lambda one, other: not _le(one, other), 2, 2),
    "ge": (lambda one, other: not _lt(one, other), 2, 2),
}
