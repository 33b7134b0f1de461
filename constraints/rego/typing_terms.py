"""The types of the variables of one body, statement by statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from constraints.lang.source import Span
from constraints.rego.builtins import Builtin
from constraints.rego.outputs import UNIFICATIONS
from constraints.rego.problems import TYPE, Problems
from constraints.rego.resolved import Path
from constraints.rego.ruletree import Tree
from constraints.rego.spelling import term_text
from constraints.rego.statictypes import (
    ANY,
    STRING,
    ArrayOf,
    FunctionType,
    ObjectOf,
    SetOf,
    Type,
    declared,
    item,
    keys,
    meets,
    select,
    type_of_scalar,
    union,
    values,
)
from constraints.rego.syntax import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.values import key_of
from constraints.rego.walk import ROOTS, parts, terms_of, visible

EQUALITIES = UNIFICATIONS | {"equal"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known outside of a body: the types of rules so far."""

    types: dict[Path, Type | FunctionType]
    tree: Tree
    functions: Mapping[str, Path]
    builtins: Mapping[str, Builtin]

    def function(self, name: str) -> FunctionType | None:
        """The type of a function; None where there is nothing to check."""
        path = self.functions.get(name)
        if path is not None:
            found = self.types.get(path)
            return found if isinstance(found, FunctionType) else None
        builtin = self.builtins.get(name)
        if builtin is None:
            return None
        return FunctionType(tuple(map(declared, builtin.types)), declared(builtin.result))


class Typing:
    """Gives types to variables and notes what does not fit; a closure's Typing knows those around it."""

    def __init__(self, known: Known, problems: Problems, source: str, types: dict[str, Type]) -> None:
        self.known = known
        self.problems = problems
        self.source = source
        self.types = types
        self._settled: dict[int, Type] = {}
        self._untyped: set[int] = (
            set()
        )  # comprehensions of a variable of which nothing is known: OPA iterates over none

    def refuse(self, text: str, span: Span) -> None:
        """Note a type error."""
        self.problems.add(TYPE, text, span, self.source)

    # Statements

    def body(self, body: Body) -> None:
        """Statement by statement."""
        for expr in body:
            self._statement(expr)

    def _statement(self, expr: Expr) -> None:
        what = expr.what
        if isinstance(what, SomeIn):
            self._some_in(what)
        elif isinstance(what, Every):
            if isinstance(what.domain, Var):
                self.types.setdefault(what.domain.name, ANY)
            self.type_of(what.domain)
            self._references_in_body(what.body)
        elif isinstance(what, Call) and what.name in EQUALITIES and len(what.args) == 2:
            if not self._unify(*what.args):
                self.refuse("match error", expr.span)
        elif isinstance(what, Call):
            self._call(what, expr.span)
        elif not isinstance(what, SomeDecl):
            self.type_of(what)

    def _references_in_body(self, body: Body) -> None:
        """Of the body of `every` OPA looks at the references only, and types what they look into."""
        for expr in body:
            for term in terms_of(expr):
                self._references_in(term)
            if isinstance(expr.what, Every):
                self._references_in_body(expr.what.body)

    def _references_in(self, term: Term) -> None:
        if isinstance(term, (Comprehension, TemplateString)):
            return
        if isinstance(term, Ref):
            self.type_of(term)
        for part in parts(term):
            self._references_in(part)

    def _some_in(self, what: SomeIn) -> None:
        if isinstance(what.domain, Var):
            self.types.setdefault(what.domain.name, ANY)
        owner = self.type_of(what.domain)
        if keys(owner) is None:
            is_constant = isinstance(what.domain, Scalar)
            self.refuse("match error" if is_constant else f"undefined ref: {term_text(what.domain)}[_]", what.span)
        elif id(what.domain) in self._untyped:
            self.refuse("match error", what.span)
        if what.key is not None:
            self._bind(what.key, keys(owner) or ANY)
        self._bind(what.value, values(owner) or ANY)

    def _unify(self, a: Term, b: Term) -> bool:
        if isinstance(a, ArrayTerm) and isinstance(b, ArrayTerm) and len(a.items) == len(b.items):
            return all(self._unify(left, right) for left, right in zip(a.items, b.items, strict=True))
        left, right = self.type_of(a), self.type_of(b)
        if not meets(left, right):
            return False
        return self._bind(a, right) and self._bind(b, left)

    def _bind(self, term: Term, kind: Type) -> bool:
        """Give the variables of a pattern that have no type yet theirs; whether it fits."""
        if isinstance(term, Var):
            if term.name in ROOTS:
                return True
            return meets(self.types.setdefault(term.name, kind), kind)
        if isinstance(term, ArrayTerm) and isinstance(kind, ArrayOf):
            kinds = [item(kind, at) for at in range(len(term.items))]
            if None in kinds or (len(kind.items) > len(kinds)):
                return False
            return all(self._bind(part, one or ANY) for part, one in zip(term.items, kinds, strict=True))
        if isinstance(term, ObjectTerm) and isinstance(kind, ObjectOf):
            return all(self._bind(value, self._field(kind, key)) for key, value in term.pairs)
        self._bind_rest(term, kind)
        return meets(self.type_of(term), kind)

    @staticmethod
    def _field(kind: ObjectOf, key: Term) -> Type:
        found = select(kind, key.value) if isinstance(key, Scalar) else None
        return found or ANY

    def _bind_rest(self, term: Term, kind: Type) -> None:
        if isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)):
            names: set[str] = set()
            visible(term, names)
            for name in names:
                self._loosen(name, kind)

    def _loosen(self, name: str, kind: Type) -> None:
        """Within what may be of several types, what was known of a variable is forgotten."""
        if isinstance(kind, (ArrayOf, ObjectOf, SetOf)):
            self.types.setdefault(name, ANY)
        else:
            self.types[name] = ANY

    # Calls

    def _call(self, call: Call, span: Span) -> Type:
        """The type of the result; arguments are checked."""
        given = [self.type_of(arg) for arg in call.args]
        kind = self.known.function(call.name)
        if kind is None or call.name == "print":
            return ANY
        wanted = (*kind.args, kind.result)
        for arg, one, want in zip(call.args, given, wanted, strict=False):
            if not meets(one, want) or not self._bind(arg, want):
                self.refuse(f"{call.name}: invalid argument(s)", span)
                return ANY
        return kind.result

    # Terms

    def type_of(self, term: Term) -> Type:
        """The type of a term, ANY where it is not known; what is wrong inside it is noted."""
        if isinstance(term, Scalar):
            return type_of_scalar(term.value)
        if isinstance(term, Var):
            return self.types.get(term.name, ANY)
        if isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)):
            return self._composite(term)
        if isinstance(term, FunctionName):
            return ANY
        if id(term) not in self._settled:  # OPA looks at each once, as of when it was reached
            self._settled[id(term)] = self._looked_at(term)
        return self._settled[id(term)]

    def _looked_at(self, term: Ref | Call | Comprehension | TemplateString) -> Type:
        if isinstance(term, Ref):
            return self._reference(term)
        if isinstance(term, Call):
            return self._call(term, term.span)
        return self._comprehension(term) if isinstance(term, Comprehension) else self._template(term)

    def _template(self, term: TemplateString) -> Type:
        inner = Typing(self.known, self.problems, self.source, self.types.copy())
        for part in term.parts:
            if isinstance(part, Var):
                self._loosen(part.name, ANY)
            elif not isinstance(part, str):
                inner.type_of(part)
        return STRING

    def _composite(self, term: ArrayTerm | ObjectTerm | SetTerm) -> Type:
        if isinstance(term, ArrayTerm):
            items = tuple([self.type_of(part) for part in term.items])
            return ArrayOf(items, None if items else ANY)
        if isinstance(term, SetTerm):
            return SetOf(union([self.type_of(part) for part in term.items]))
        return self._object(term)

    def _object(self, term: ObjectTerm) -> Type:
        fields = {}
        rest: list[Type] = [] if term.pairs else [ANY]
        for key, value in term.pairs:
            kind = self.type_of(value)
            if isinstance(key, Scalar):
                fields[key_of(key.value)] = kind
            else:
                self.type_of(key)
                rest.append(kind)
        return ObjectOf(tuple(fields.items()), union(rest) if rest else None)

    def _comprehension(self, term: Comprehension) -> Type:
        inner = Typing(self.known, self.problems, self.source, self.types.copy())
        inner.body(term.body)
        if term.key is not None:
            inner.type_of(term.key)
        value = inner.type_of(term.value)
        if isinstance(term.value, Var) and term.value.name not in inner.types and term.value.name not in ROOTS:
            self._untyped.add(id(term))
        if term.kind == "object":
            return ObjectOf((), value)
        return SetOf(value) if term.kind == "set" else ArrayOf((), value)

    # References

    def _reference(self, ref: Ref) -> Type:
        start = 0
        owner: Type = ANY
        if isinstance(ref.head, Var) and ref.head.name in ROOTS:
            if ref.head.name == "data":
                start, owner = self._rule(ref)
        else:
            if isinstance(ref.head, Var):
                self.types.setdefault(ref.head.name, ANY)  # what is looked into is anything from there on
            owner = self.type_of(ref.head)
        for part in ref.path[start:]:
            following = self._step(owner, part)
            if following is None:
                self.refuse(f"undefined ref: {term_text(ref)}", ref.span)
                return ANY
            owner = following
        return owner

    def _rule(self, ref: Ref) -> tuple[int, Type]:
        """How much of the path names a rule, and the rule's type; ANY where others reach into the same place."""
        node: Tree | None = self.known.tree
        for at, part in enumerate(ref.path):
            node = node.children.get(key_of(part.value)) if node is not None and isinstance(part, Scalar) else None
            if node is None:
                return 0, ANY
            if node.is_rule:
                found = self.known.types.get(node.path, ANY)
                if isinstance(found, FunctionType):
                    self.refuse(f"function {term_text(ref)} used as reference, not called", ref.span)
                    return len(ref.path), ANY
                return (0, ANY) if node.children else (at + 1, found)
        return len(ref.path), ANY

    def _step(self, owner: Type, part: Term) -> Type | None:
        if isinstance(part, Scalar):
            return ANY if owner is ANY else select(owner, part.value)
        kind = keys(owner)
        if kind is None:
            return None
        if isinstance(part, Var) and part.name not in ROOTS:
            if not meets(self.types.setdefault(part.name, kind), kind):
                return None
        else:
            return values(owner) if self._bind(part, kind) else None
        return values(owner)
