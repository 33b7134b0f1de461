"""Terms: constants, variables, composites, comprehensions, template strings."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence

from constraints.rego.codegen.base import NOTHING, OUTLINE_DEPTH, Operand, constant
from constraints.rego.codegen.fold import Unknown, computed
from constraints.rego.codegen.keys import in_order_of_keys
from constraints.rego.codegen.refs import Refs
from constraints.rego.runtime.iteration import keys_of
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.values.kinds import UNDEFINED, RegoSet, object_of

_EMPTY = {"array": "list", "set": "dict", "object": "dict"}


class Terms(Refs):
    """What terms are in Python."""

    @abstractmethod
    def call(self, call: Call) -> Operand:
        """The value of a call."""

    def term(self, term: Term) -> Operand:
        """The value of a term; statements and loops that it needs are emitted."""
        with self.at(term.span):
            return self._term(term)

    def _term(self, term: Term) -> Operand:  # noqa: C901 - a case for each kind of term
        match term:
            case Scalar():
                return constant(term.value)
            case Var():
                return self.variable(term)
            case Ref():
                return self.ref(term)
            case Call():
                return self.call(term)
            case ArrayTerm():
                return self._array(term)
            case SetTerm():
                return self._set(term)
            case ObjectTerm():
                return self._object(term)
            case Comprehension():
                return self._comprehension(term)
            case TemplateString():
                return self._template(term)
            case FunctionName():
                raise self.error(f"function {term.name} is not a value")

    def variable(self, var: Var) -> Operand:
        """The value of a variable or of a whole document."""
        if var.name in self.place.env:
            return self.place.variable(var.name)
        if var.name == "input":
            return self.input()
        if var.name == "data":
            return self.document(())
        raise self.error(f"var {var.name} is unsafe")

    def terms(self, terms: Sequence[Term]) -> list[Operand] | None:
        """The values of several terms, all defined; None when one never is."""
        found = []
        steps = sum(not isinstance(term, (Scalar, Var)) for term in terms) > 1  # an expression may not wait for others
        for term in terms:
            value = self.needed(self.term(term))
            if value is None:
                return None
            found.append(self.kept(value) if steps else value)
        return found

    def _array(self, term: ArrayTerm) -> Operand:
        items = self.terms(term.items)
        if items is None:
            return NOTHING
        if all(item.is_constant for item in items):
            return constant([item.constant for item in items])
        return Operand(node=self.nodes.array([self.load(item) for item in items]), kind="array")

    def _set(self, term: SetTerm) -> Operand:
        items = self.terms(term.items)
        if items is None:
            return NOTHING
        if all(item.is_constant for item in items):
            return constant(RegoSet.of(item.constant for item in items))
        members = self.nodes.array([self.load(item) for item in items])
        return Operand(node=self.runtime("set_of", members), kind="set")

    def _object(self, term: ObjectTerm) -> Operand:
        parts = self.terms([part for pair in term.pairs for part in pair])
        if parts is None:
            return NOTHING
        pairs = in_order_of_keys(list(zip(parts[::2], parts[1::2], strict=True)), term, self.place.env)
        if all(part.is_constant for part in parts):
            return constant(object_of((key.constant, value.constant) for key, value in pairs))
        if all(isinstance(key.constant, str) for key, _ in pairs):
            return Operand(
                node=self.nodes.mapping([(self.load(key), self.load(value)) for key, value in pairs]), kind="object"
            )
        known = self.nodes.array([self.nodes.row([self.load(key), self.load(value)]) for key, value in pairs])
        return Operand(node=self.runtime("object_of", known), kind="object")

    # comprehensions

    def _keys(self, ref: Ref) -> Operand:
        """`{key | value[key]}` of a value that is not iterated itself."""
        value = self.kept(self.walk(self.term(ref.head), ref.path[:-1]))
        if not value.name:
            return constant(keys_of(value.constant))
        self.spend(value)
        self.note_keys(value)
        return Operand(node=self.runtime("keys_of", self.expression(value)), kind="set", keys=value.name)

    def _keys_in(self, term: Comprehension) -> Ref | None:
        """The reference of which a comprehension wants the keys, and nothing more."""
        match term:
            case Comprehension("set", Var() as key, (Expr(Ref(Var() as head, (*path, last)) as ref, False, ()),)):
                plain = head.name != "data" and all(isinstance(part, Scalar) for part in path)
                return ref if plain and last == key and self.free(key) and not self.free(head) else None
        return None

    def _comprehension(self, term: Comprehension) -> Operand:
        keys = self._keys_in(term)
        if keys is not None:
            return self._keys(keys)
        state = self.pure, self.alien, self.quiet
        self.pure, self.alien = True, False
        before = len(self.names.used)
        found = self.names.new({"array": "items", "set": "members", "object": "pairs"}[term.kind])
        empty = self.nodes.array([]) if term.kind == "array" else self.nodes.mapping([])
        block, end = self.closure(lambda: self._collect(term, found), ordered=term.kind == "array")
        if end is None:
            self.pure, self.alien = self.pure and state[0], self.alien or state[1]
            return constant({"array": [], "object": {}}.get(term.kind) if term.kind != "set" else RegoSet({}))
        start = self.nodes.assign(found, empty)
        if self.unit.fixed and self.pure:
            try:
                give = self.nodes.give(self._collected(term.kind, found))
                value = constant(computed([start, *block, give], self.unit.scope, self.names.used, before))
            except Unknown:
                pass
            else:
                self.pure, self.alien, self.quiet = state
                return value
        counted = [self.count_members(found)] if end.loops == 1 and not self.is_repeated else []
        self.pure, self.alien = self.pure and state[0], self.alien or state[1]
        if self.place.loops >= OUTLINE_DEPTH:
            result = self._collected(term.kind, found)
            node = self.outlined("comprehension", [start, *block, *counted, self.nodes.give(result)], before)
            return Operand(node=node, kind=term.kind)
        self.joined([start, *block, *counted], end)
        return (
            Operand(node=self._collected(term.kind, found), kind=term.kind)
            if term.kind != "array"
            else Operand(name=found, kind="array")
        )

    def _collect(self, term: Comprehension, found: str) -> bool:
        if not self.body(term.body):
            return False
        parts = self.terms([term.value] if term.key is None else [term.key, term.value])
        if parts is None:
            return False
        self.held(term.value)
        nodes = [self.load(part) for part in parts]
        if term.kind == "array":
            self.emit(self.nodes.do(self.nodes.method(self.nodes.name(found), "append", *nodes)))
        elif term.kind == "set":
            self.member(found, parts[0])
        else:
            self.quiet = False
            self.emit(self.nodes.do(self.runtime("put", self.nodes.name(found), *nodes, self.where())))
        return True

    def _collected(self, kind: str, found: str) -> ast.expr:
        name = self.nodes.name(found)
        return name if kind == "array" else self.runtime("RegoSet" if kind == "set" else "built", name)

    def member(self, found: str, value: Operand) -> None:
        """Add a member to a dict by key."""
        value = self.kept(value, "member")
        key = self.load(value)
        if value.kind != "string":
            key = self.runtime("key_of", self.load(value))
            if not value.kind:
                key = self.nodes.choice(self.is_type(value, "str"), self.load(value), key)
        self.emit(self.nodes.assign_item(self.nodes.name(found), key, self.load(value)))

    # template strings

    def _template(self, term: TemplateString) -> Operand:
        parts = [self.nodes.constant(part) if isinstance(part, str) else self._part(part) for part in term.parts]
        known = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
        if len(known) == len(parts):
            return constant("".join(known))
        return Operand(node=self.runtime("joined", self.context(), self.nodes.array(parts)), kind="string")

    def _part(self, term: Term) -> ast.expr:
        """The text of a part; where it is undefined, the others still count."""
        found = self.names.new("part")
        block, end = self.closure(lambda: self._assign_part(term, found))
        if end is None:
            return self.nodes.constant("<undefined>")
        self.emit(self.nodes.assign(found, self.nodes.name("UNDEFINED")))
        self.joined(block, end)
        return self.runtime("shown", self.nodes.name(found))

    def _assign_part(self, term: Term, found: str) -> bool:
        value = self.term(term)
        if value.is_constant and value.constant is UNDEFINED:
            return False
        value = self.kept(value)
        self.quiet = False
        one = self.runtime("one_part", self.nodes.name(found), self.load(value), self.where())
        self.emit(self.nodes.assign(found, one))
        return True
