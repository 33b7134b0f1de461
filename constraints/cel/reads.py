"""Which parts of their inputs the expressions of one policy read.

    variables.spec    object.spec
    expression        variables.spec.replicas > 1 && has(object.metadata)

reads ("object", "spec", "replicas") and whether there is ("object", "metadata"): as `("object", "metadata", "?")`. What
a selection gives is followed through variables and choices; whatever else is done with a value reads all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from constraints.cel.check import Checked
from constraints.cel.scan import parts
from constraints.cel.syntax import Call, Choice, Ident, Index, Literal, Loop, Node, OptionalMap, Select, qualified
from constraints.dataclass import dataclass

ANY: Final = "*"
"""In a path: any key."""
PRESENCE: Final = "?"
"""At the end of a path: no more than whether there is something at it."""
_DEEPEST: Final = 64  # parts of a path that are told apart
_MOST: Final = 100  # paths that one value may be at

Path = tuple[str, ...]
"""The name of an input, then keys; what is below a path belongs to it."""
Paths = frozenset[Path]
Names = Mapping[str, Paths]

_NOWHERE: Final[Paths] = frozenset()
_VARIABLES: Final = "variables"


@dataclass(slots=True)
class Reads:
    """Grows while expressions are compiled: `paths` are those that expressions read, each from an input."""

    paths: set[Path] = field(default_factory=set)
    _values: dict[str, Paths] = field(default_factory=dict)

    def variable(self, name: str, checked: Checked, inputs: Mapping[str, object]) -> None:
        """Follow a named expression."""
        self._values[name] = _Walk(self, checked, inputs).trace(checked.root, {})

    def expression(self, checked: Checked, inputs: Mapping[str, object]) -> None:
        """Note what an expression reads that is asked for its value."""
        _Walk(self, checked, inputs).use(checked.root, {})

    def value_of(self, name: str) -> Paths:
        """The paths that a variable's value may be at."""
        return self._values.get(name, _NOWHERE)


class _Walk:
    """Through one expression. `names` are those of the macros around a node, with what they may stand for."""

    def __init__(self, reads: Reads, checked: Checked, inputs: Mapping[str, object]) -> None:
        self._reads, self._checked, self._inputs = reads, checked, inputs

    def use(self, node: Node | None, names: Names) -> None:
        """Note that all of a value is read."""
        if node is not None:
            self._reads.paths |= self.trace(node, names)

    def trace(self, node: Node, names: Names) -> Paths:
        """The paths that a value may be at; what is read to find it is noted."""
        match node:
            case Ident(name=name):
                return names[name] if name in names else self._input(name)
            case Select():
                return self._select(node, names)
            case Index(operand=operand, key=Literal(value=str() as text)):
                return _below(self.trace(operand, names), text)
            case Index(operand=operand, key=key):
                self.use(key, names)
                return _below(self.trace(operand, names), ANY)
            case Choice(test=test, then=then, other=other):
                self.use(test, names)
                return self._either(self.trace(then, names) | self.trace(other, names))
            case Call():
                return self._call(node, names)
            case Loop(source=source, names=bound):
                self.use(source, names)
                inner = {**names, **dict.fromkeys((each.name for each in bound), _NOWHERE)}
                self.use(node.test, inner)
                self.use(node.body, inner)
                return _NOWHERE
            case OptionalMap(target=target, name=each, body=body):
                found = self.trace(target, names)
                self._reads.paths |= _below(found, PRESENCE)  # the body is asked only where there is something
                return self.trace(body, {**names, each.name: found})
        for part in parts(node):
            self.use(part, names)
        return _NOWHERE

    def _input(self, name: str) -> Paths:
        return frozenset({(name,)}) if name in self._inputs else _NOWHERE

    def _either(self, paths: Paths) -> Paths:
        """The same; of what may be at too many paths the inputs are read as a whole."""
        if len(paths) <= _MOST:
            return paths
        self._reads.paths |= {path[:1] for path in paths}
        return _NOWHERE

    def _select(self, node: Select, names: Names) -> Paths:
        if node in self._checked.functions:
            return self._input(self._checked.functions[node])
        if qualified(node.operand) == _VARIABLES and _VARIABLES not in names:
            found = self._input(f"{_VARIABLES}.{node.field}") or self._reads.value_of(node.field)
        else:
            found = _below(self.trace(node.operand, names), node.field)
            if node.test:
                found = _below(found, PRESENCE)
        if not node.test:
            return found
        self._reads.paths |= found
        return _NOWHERE

    def _call(self, node: Call, names: Names) -> Paths:
        match node:
            case Call(function="dyn", target=None, args=(value,)):
                return self.trace(value, names)
            case Call(function="_==_" | "_!=_", args=(value, Literal(value=None)) | (Literal(value=None), value)):
                self._reads.paths |= _below(self.trace(value, names), PRESENCE)
                return _NOWHERE
        is_name = "." in self._checked.functions.get(node, "")
        for part in node.args if is_name else parts(node):
            self.use(part, names)
        return _NOWHERE


def _below(paths: Paths, key: str) -> Paths:
    """One step down; what is very deep counts as what it is in."""
    return frozenset((*path, key) if len(path) < _DEEPEST else path for path in paths)
