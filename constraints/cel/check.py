"""The types of an expression's parts, by cel-go's rules; what does not fit is a problem with its position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from constraints.cel import syntax
from constraints.cel.failures import Invalid, Problem
from constraints.cel.library.messages import ENUMS, KINDS
from constraints.cel.overloads import FUNCTIONS, Function, Overload
from constraints.cel.syntax import Node, qualified
from constraints.cel.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    MAP_DYN,
    Type,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from constraints.cel.unify import Substitution, most_general
from constraints.cel.values import type_name
from constraints.dataclass import dataclass
from constraints.lang.source import Span

_OF_TYPES: Final[Mapping[str, Type]] = {
    **{name: Type(name) for name in ("bool", "bytes", "double", "int", "string", "uint", "null_type", "type")},
    **{name: Type(name) for name in ("google.protobuf.Timestamp", "google.protobuf.Duration")},
    "list": list_of(Type("<A>")),
    "map": map_of(Type("<A>"), Type("<B>")),
    "optional_type": optional_of(Type("<A>")),
}
TYPE_NAMES: Final = frozenset({*_OF_TYPES, "net.IP", "net.CIDR"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What names there are. `structs` holds the fields of object types; other types have no known fields."""

    names: Mapping[str, Type]
    structs: Mapping[str, Mapping[str, Type]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression with the type of each node, and what each call means: the function, and the overloads that fit."""

    root: Node
    types: Mapping[Node, Type]
    functions: Mapping[Node, str]
    overloads: Mapping[Node, tuple[Overload, ...]]

    @property
    def type(self) -> Type:
        """The type of the whole."""
        return self.types[self.root]


def check(root: Node, scope: Scope) -> Checked:
    """Raises Invalid with every problem."""
    checker = _Checker(scope)
    checker.visit(root)
    if checker.problems:
        raise Invalid(checker.problems)
    types = {node: checker.solved.apply(item, final=True) for node, item in checker.types.items()}
    return Checked(root, types, checker.functions, checker.overloads)


class _Checker:
    """One walk over the tree; `problems` grow, and a wrong part counts as ERROR, which fits everywhere."""

    def __init__(self, scope: Scope) -> None:
        self.problems: list[Problem] = []
        self.types: dict[Node, Type] = {}
        self.functions: dict[Node, str] = {}
        self.overloads: dict[Node, tuple[Overload, ...]] = {}
        self.solved = Substitution()
        self._scope = scope
        self._local: list[dict[str, Type]] = []

    def visit(self, node: Node) -> Type:
        """The type of `node`, as far as it is known now."""
        found: Type = getattr(self, f"_{type(node).__name__.lower()}")(node)
        found = self.solved.apply(found)
        self.types[node] = found
        return found

    def _wrong(self, at: Span, message: str) -> Type:
        self.problems.append(Problem(at, message))
        return ERROR

    def _undeclared(self, at: Span, name: str) -> Type:
        return self._wrong(at, f"undeclared reference to '{name}' (in container '')")

    def _expect(self, node: Node, wanted: Type) -> None:
        found = self.visit(node)
        if not self.solved.assign(found, wanted):
            self._wrong(node.at, f"expected type '{wanted}' but found '{found}'")

    def _name(self, name: str) -> Type | None:
        for names in reversed(self._local):
            if name in names:
                return names[name]
        if name in self._scope.names:
            return self._scope.names[name]
        if name in _OF_TYPES:
            return type_of(self.solved.instance((_OF_TYPES[name],))[0])
        if name in ENUMS:
            return INT
        return type_of(Type(name)) if name in TYPE_NAMES else None

    def _literal(self, node: syntax.Literal) -> Type:
        return Type(type_name(node.value))

    def _ident(self, node: syntax.Ident) -> Type:
        return self._name(node.name) or self._undeclared(node.at, node.name)

    def _select(self, node: syntax.Select) -> Type:
        dotted = qualified(node)
        if dotted and not self._is_local(dotted) and (known := self._name(dotted)):
            self.functions[node] = dotted
            return known
        operand = self.visit(node.operand)
        target = operand.parameters[0] if operand.name == "optional_type" else operand
        found = self._field(node, target)
        if node.test:
            return BOOL
        return optional_of(found) if node.optional or target is not operand else found

    def _is_local(self, dotted: str) -> bool:
        return any(dotted.partition(".")[0] in names for names in self._local)

    def _field(self, node: syntax.Select, target: Type) -> Type:
        if target.name == "map":
            return target.parameters[1]
        if target.name in self._scope.structs:
            found = self._scope.structs[target.name].get(node.field)
            return found or self._wrong(node.at, f"undefined field '{node.field}'")
        if target.is_variable:
            self.solved.assign(DYN, target)
        elif not target.is_dyn:
            return self._wrong(node.at, f"type '{target}' does not support field selection")
        return DYN

    def _index(self, node: syntax.Index) -> Type:
        name = "_[?_]" if node.optional else "_[_]"
        return self._resolve(node, FUNCTIONS[name], (node.operand, node.key))

    def _call(self, node: syntax.Call) -> Type:
        if node.target is not None:
            prefix = qualified(node.target)
            whole = FUNCTIONS.get(f"{prefix}.{node.function}") if prefix else None
            if whole:
                self.functions[node] = whole.name
                return self._resolve(node, whole, node.args)
            self.visit(node.target)
        for argument in node.args:
            self.visit(argument)
        found = FUNCTIONS.get(node.function)
        if found is None:
            return self._undeclared(node.at, node.function)
        self.functions[node] = found.name
        if node.target is None:
            return self._resolve(node, found, node.args, visited=True)
        return self._resolve(node, found, (node.target, *node.args), method=True, visited=True)

    def _resolve(
        self, node: Node, found: Function, nodes: tuple[Node, ...], *, method: bool = False, visited: bool = False
    ) -> Type:
        given = tuple(self.types[part] if visited else self.visit(part) for part in nodes)
        result: Type | None = None
        fitting: list[Overload] = []
        for overload in found.overloads:
            if overload.method is not method:
                continue
            *wanted, answer = self.solved.instance((*overload.arguments, overload.result))
            if self.solved.assign_all(given, tuple(wanted)):
                answer = self.solved.apply(answer)
                fitting.append(overload)
                result = answer if result is None or result == answer else DYN
        self.overloads[node] = tuple(fitting)
        return result or self._no_overload(node.at, found.name, given, method)

    def _no_overload(self, at: Span, name: str, given: tuple[Type, ...], method: bool) -> Type:
        texts = [str(self.solved.apply(item, final=True)) for item in given]
        shown = f"{texts[0]}.({', '.join(texts[1:])})" if method else f"({', '.join(texts)})"
        return self._wrong(at, f"found no matching overload for '{name}' applied to '{shown}'")

    def _logic(self, node: syntax.Logic) -> Type:
        for term in node.terms:
            self._expect(term, BOOL)
        return BOOL

    def _choice(self, node: syntax.Choice) -> Type:
        return self._chosen(node.at, (self.visit(node.test), self.visit(node.then), self.visit(node.other)))

    def _chosen(self, at: Span, given: tuple[Type, ...]) -> Type:
        result = self.solved.variable()
        if self.solved.assign_all(given, (BOOL, result, result)):
            return self.solved.apply(result)
        return self._no_overload(at, "_?_:_", given, False)

    def _listliteral(self, node: syntax.ListLiteral) -> Type:
        found: Type | None = None
        for place, item in enumerate(node.items):
            kind = self._unwrapped(item) if place in node.optional else self.visit(item)
            found = self._joined(found, kind)
        return list_of(found or self.solved.variable())

    def _unwrapped(self, node: Node) -> Type:
        kind = self.visit(node)
        if kind.name == "optional_type":
            return kind.parameters[0]
        if not kind.is_dyn:
            self._wrong(node.at, f"expected type '{optional_of(kind)}' but found '{kind}'")
        return kind

    def _joined(self, before: Type | None, kind: Type) -> Type:
        if before is None:
            return kind
        return most_general(before, kind) if self.solved.assign(before, kind) else DYN

    def _mapliteral(self, node: syntax.MapLiteral) -> Type:
        key: Type | None = None
        value: Type | None = None
        for entry in node.entries:
            key = self._joined(key, self.visit(entry.key))
            kind = self._unwrapped(entry.value) if entry.optional else self.visit(entry.value)
            value = self._joined(value, kind)
        return map_of(key or self.solved.variable(), value or self.solved.variable())

    def _message(self, node: syntax.Message) -> Type:
        kind = KINDS.get(node.name)
        for given in node.fields:
            found = self._unwrapped(given.value) if given.optional else self.visit(given.value)
            if kind:
                self._set(given, kind.fields.get(given.name), found)
        return kind.result if kind else self._undeclared(node.at, node.name)

    def _set(self, given: syntax.Field, wanted: Type | None, found: Type) -> None:
        if wanted is None:
            self._wrong(given.at, f"undefined field '{given.name}'")
        elif not self.solved.assign(found, wanted):
            what = f"expected type of field '{given.name}' is '{wanted}' but provided type is '{found}'"
            self._wrong(given.at, what)

    def _loop(self, node: syntax.Loop) -> Type:
        kinds = self._iterated(node, self.visit(node.source))
        self._local.append({name.name: kind for name, kind in zip(node.names, kinds, strict=True)})
        try:
            return self._looped(node, kinds)
        finally:
            self._local.pop()

    def _iterated(self, node: syntax.Loop, source: Type) -> tuple[Type, ...]:
        two = len(node.names) == 2
        if source.name == "list":
            return (INT, source.parameters[0]) if two else (source.parameters[0],)
        if source.name == "map":
            return source.parameters if two else source.parameters[:1]
        if source.is_variable:
            self.solved.assign(DYN, source)
        elif not source.is_dyn:
            self._wrong(
                node.source.at,
                f"expression of type '{source}' cannot be range of a comprehension (must be list, map, or dynamic)",
            )
        return (DYN,) * len(node.names)

    def _looped(self, node: syntax.Loop, kinds: tuple[Type, ...]) -> Type:
        if node.test is not None and node.macro in ("all", "exists"):
            self._expect(node.test, BOOL)
            return BOOL
        tested = None if node.test is None else self.visit(node.test)
        result = BOOL if node.macro == "exists_one" else list_of(kinds[0])
        if node.body is not None:
            result = self._collected(node, kinds, self.visit(node.body))
        if tested is not None:
            counted = INT if node.macro == "exists_one" else result
            self._chosen(node.at, (tested, counted, counted))
        return result

    def _collected(self, node: syntax.Loop, kinds: tuple[Type, ...], body: Type) -> Type:
        if node.macro == "transformMap":
            return map_of(kinds[0], body)
        if node.macro != "transformMapEntry":
            return list_of(body)
        if body.name == "map" or body.is_dyn:
            return body if body.name == "map" else MAP_DYN
        return self._no_overload(node.at, "cel.@mapInsert", (MAP_DYN, body), False)

    def _optionalmap(self, node: syntax.OptionalMap) -> Type:
        """cel-go makes `target.hasValue() ? ... target.value() ...` of it, so problems in the target count twice."""
        before = len(self.problems)
        found, inner = self.visit(node.target), self.solved.variable()
        self.problems += self.problems[before:]
        if not self.solved.assign(found, optional_of(inner)):
            for name in ("hasValue", "value"):
                self._no_overload(node.at, name, (found,), True)
        self._local.append({node.name.name: self.solved.apply(inner)})
        body = self.visit(node.body)
        self._local.pop()
        if not node.flat:
            return optional_of(body)
        result = optional_of(self.solved.variable())
        if not self.solved.assign(body, result):
            return self._no_overload(node.at, "_?_:_", (BOOL, body, result), False)
        return result
