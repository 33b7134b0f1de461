"""References: steps into values, loops over them."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from constraints.rego.codegen.base import BASE, DICT, INPUT, NOTHING, Emission, Operand, constant
from constraints.rego.names.resolved import Path
from constraints.rego.runtime.iteration import items_of
from constraints.rego.syntax.tree import Ref, Term, Var
from constraints.rego.values.kinds import UNDEFINED, key_of, lookup

DEEPEST: Final = 64  # parts of a place in the review that are told apart
MANY: Final = 100  # items of a constant


class Refs(Emission):
    """References into local values and the input."""

    @abstractmethod
    def document(self, path: Sequence[Term]) -> Operand:
        """The value of a reference into `data`."""

    def ref(self, ref: Ref) -> Operand:
        """The value of a reference; loops for its keys that are not bound yet."""
        if isinstance(ref.head, Var) and ref.head.name == "data" and "data" not in self.place.env:
            found = self.document(ref.path)
            return replace(found, kind="") if found.kind == BASE else found
        if isinstance(ref.head, Var) and self.free(ref.head):
            return NOTHING  # as with OPA, whose safety check lets a key bind the head of a reference before it
        return self.walk(self.term(ref.head), ref.path)

    def input(self) -> Operand:
        """The input document."""
        if self.unit.fixed:
            return Operand(node=self.nodes.attribute(self.context(), "input"), kind=INPUT, origin=())
        self.uses_more()
        key = (self.place.context, "input")
        if key not in self.place.walked:
            node = self.nodes.attribute(self.context(), "input")
            self.place.learn(key, self.kept(Operand(node=node, defined=False), "input"))
        return self.place.step(key)

    def _from_input(self, key: Operand) -> Operand | None:
        """What is known of `input.key` in a constraint's policy."""
        if key.constant == "parameters":
            return constant(self.unit.parameters)
        self.uses_more()
        index = (self.place.context, "review")
        if index not in self.place.walked:
            node = self.nodes.attribute(self.context(), "review")
            self.place.learn(index, self.kept(Operand(node=node, kind=DICT, origin=()), "review"))
        return self.place.step(index)

    def walk(self, value: Operand, path: Sequence[Term]) -> Operand:
        """`value[path0][path1]...`."""
        for part in path:
            if value.is_constant and value.constant is UNDEFINED:
                return NOTHING
            value = self.step(value, part)
        return value

    def step(self, value: Operand, part: Term) -> Operand:
        """`value[part]`."""
        if self.free(part):
            return self.iterate(value, part)
        key = self.needed(self.term(part), "key")
        return NOTHING if key is None else self.lookup(value, key)

    def lookup(self, value: Operand, key: Operand) -> Operand:
        """`value[key]`, both known or in variables; a step that was taken before is not taken again."""
        if value.is_constant and key.is_constant:
            return constant(lookup(value.constant, key.constant))
        if value.kind == INPUT and key.constant in ("parameters", "review"):
            found = self._from_input(key)
            if found is not None:
                return found
        value = self.kept(value)
        index = self._index(value, key)
        if index is not None and index in self.place.walked:
            return self.place.step(index)
        self._note(_below(value, key))
        wish = key.constant if isinstance(key.constant, str) else "item"
        kind = BASE if value.kind == BASE else ""
        found = self.kept(
            Operand(node=self._lookup(value, key), defined=False, kind=kind, origin=_below(value, key)), wish
        )
        if index is not None:
            self.place.learn(index, found)
        return found

    def _index(self, value: Operand, key: Operand) -> object:
        """What the same step in another reference shares."""
        if not value.name:
            return None
        if key.is_constant:
            return (value.name, "constant", key_of(key.constant))
        return (value.name, "variable", key.name) if key.name else None

    def _lookup(self, value: Operand, key: Operand) -> ast.expr:
        read = self.expression if value.origin is not None else self.load
        slow = self.runtime("base_lookup" if value.kind == BASE else "lookup", read(value), self.load(key))
        if not isinstance(key.constant, str) or value.kind == "array" or value.is_constant:
            return slow
        fast = self.nodes.method(read(value), "get", self.load(key), self.nodes.name("UNDEFINED"))
        return fast if value.kind == DICT else self.nodes.choice(self.is_type(value, "dict"), fast, slow)

    def is_type(self, value: Operand, kind: str) -> ast.expr:
        """`type(value) is kind`."""
        return self.nodes.compare(self.runtime("type", self.expression(value)), ast.Is(), self.nodes.name(kind))

    def iterate(self, value: Operand, key: Term) -> Operand:
        """A loop over what is in the value; `key` is a pattern for each key. NOTHING when there is nothing in it."""
        if value.is_constant and (value.kind not in ("array", "object", "set") or not len(value.constant)):
            return NOTHING
        if value.is_constant and len(value.constant) == 1:
            ((name, item),) = items_of(value.constant)
            return constant(item) if self.match(key, constant(name)) else NOTHING
        value = self.kept(value)
        self.spend(value)
        kind = BASE if value.kind == BASE else ""
        self._note(_below(value))
        if isinstance(key, Var) and key.is_wildcard:
            (item,) = self.loop(("item",), self._each(value, "sorted_values" if self.place.ordered else "values_of"))
            return Operand(name=item, kind=kind, origin=_below(value))
        wish = key.name.partition("#")[0] if isinstance(key, Var) else "key"
        self.note_keys(value)
        function = "sorted_items" if self.place.ordered else "items_of"
        name, item = self.loop((wish, "item"), self.runtime(function, self.expression(value)))
        if not self.match(key, Operand(name=name)):
            return NOTHING
        return Operand(name=item, kind=kind, origin=_below(value))

    def note_keys(self, value: Operand) -> None:
        """Note that all keys of a value are used."""
        self._note(_below(value))
        self._note(_below(value), used=True)

    def _note(self, path: Path | None, *, used: bool = False) -> None:
        """Note that a place in the review is looked for; `used`: that all of its keys are used."""
        if path is not None:
            (self.unit.reads if used else self.unit.steps)[path] = None

    def spend(self, value: Operand) -> None:
        """Count the iterations of a loop that may be multiplied: by one around it, or by calls of this function."""
        loops = self.place.loops
        around = loops > (len(value.constant) < MANY) if value.is_constant else loops or self.is_repeated
        if not around and _is_made(value):
            self.emit(self.nodes.do(self.runtime("spend_members", self.context(), self.expression(value))))
        elif around and not (value.is_constant and len(value.constant) < 2):
            self.emit(self.nodes.do(self.runtime("spend", self.context(), self.expression(value))))

    def _each(self, value: Operand, function: str) -> ast.expr:
        slow = self.runtime(function, self.expression(value))
        if value.kind not in ("", BASE) or value.is_constant:
            return slow
        return self.nodes.choice(self.is_type(value, "list"), self.expression(value), slow)


def _is_made(value: Operand) -> bool:
    """Whether the policy itself made a value, so that nothing else bounds how large it is."""
    return value.origin is None and not value.is_constant and value.kind in ("array", "set")


ANY: Final = "*"
"""In a path: any key."""


def _below(value: Operand, key: Operand = NOTHING) -> Path | None:
    """The place of what is in a value, for any key when there is none; what is very deep counts as what it is in."""
    if value.origin is None or len(value.origin) >= DEEPEST:
        return value.origin
    return (*value.origin, key.constant if key.is_constant and key.defined else ANY)
