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
    UNKNOWN,
    ArrayOf,
    Either,
    FunctionType,
    ObjectOf,
    SetOf,
    Type,
    declared,
    is_known,
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
from constraints.rego.walk import ROOTS, parts, terms_of

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
        for term in what.args if isinstance(what, Call) else terms_of(expr):
            self.calls_in(term)
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
        """Of the body of `every` OPA looks at closures and references only, and types what these look into."""
        for expr in body:
            for term in terms_of(expr):
                self._references_in(term)
            if isinstance(expr.what, SomeIn):
                self._iterated(expr.what)
            if isinstance(expr.what, Every):
                self._references_in_body(expr.what.body)

    def _references_in(self, term: Term) -> None:
        if isinstance(term, TemplateString):
            self._within(term)
        if isinstance(term, (Ref, Comprehension)):
            self.type_of(term)
        for part in parts(term):
            self._references_in(part)

    def _some_in(self, what: SomeIn) -> None:
        owner = self._iterated(what)
        if values(owner) == UNKNOWN:
            self.refuse("match error", what.span)
            owner = ANY
        if what.key is not None:
            self._bind(what.key, keys(owner) or ANY)
        self._bind(what.value, values(owner) or ANY)

    def _iterated(self, what: SomeIn) -> Type:
        """The type of the domain, which has to have parts."""
        if isinstance(what.domain, Var):
            self.types.setdefault(what.domain.name, ANY)
        owner = self.type_of(what.domain)
        if keys(owner) is None:
            is_constant = isinstance(what.domain, Scalar)
            self.refuse("match error" if is_constant else f"undefined ref: {term_text(what.domain)}[_]", what.span)
        return owner

    def _unify(self, a: Term, b: Term) -> bool:
        """A side of which something is not known takes the type of the other; two known ones have to meet."""
        self.type_of(a)  # a reference in one side may give the other its type
        right, left = self.type_of(b), self.type_of(a)
        is_open, is_other_open = not is_known(left), not is_known(right)
        if is_open and is_other_open:
            return self._unify_open(a, b)
        if is_open or is_other_open:
            return self._bind(a, right) if is_open else self._bind(b, left)
        return meets(left, right)

    def _unify_open(self, a: Term, b: Term) -> bool:
        if isinstance(a, ArrayTerm) and isinstance(b, ArrayTerm):
            return len(a.items) == len(b.items) and all(map(self._unify, a.items, b.items))
        if isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm):
            return self._unify_objects(a, b)
        if isinstance(b, Var) and not isinstance(a, Var):
            a, b = b, a
        if not isinstance(a, Var):
            return False
        if isinstance(b, (Var, ArrayTerm, ObjectTerm)):
            self._bind(b, ANY)
        return self._bind(a, self.type_of(b))

    def _unify_objects(self, a: ObjectTerm, b: ObjectTerm) -> bool:
        others = dict(b.pairs)
        if len(a.pairs) != len(b.pairs) or not all(key in others for key, _ in a.pairs):
            return False
        return all(self._unify(value, others[key]) for key, value in a.pairs)

    def _bind(self, term: Term, kind: Type, is_one_of_several: bool = False) -> bool:
        """Give the variables of a pattern that have no type yet theirs; whether it fits.

        Within what may be of several types a variable gets this one as well.
        """
        if isinstance(term, Var):
            if term.name in ROOTS:
                return True
            if is_one_of_several:
                self.types[term.name] = union((self.types.get(term.name), kind))
                return True
            if term.name not in self.types:
                self.types[term.name] = kind
                return True
            return meets(self.types[term.name], kind)
        if isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)):
            return self._bind_parts(term, kind, is_one_of_several)
        if isinstance(term, Scalar):
            return meets(type_of_scalar(term.value), kind)
        return is_one_of_several or meets(self.type_of(term), kind)

    def _bind_parts(self, term: ArrayTerm | ObjectTerm | SetTerm, kind: Type, is_one_of_several: bool) -> bool:
        if isinstance(kind, Either):
            if kind == ANY:
                for part in parts(term):
                    self._bind(part, ANY, is_one_of_several=True)
                return True
            fits = [self._bind_parts(term, option, is_one_of_several=True) for option in kind.options]
            return any(fits)
        if isinstance(term, ArrayTerm) and isinstance(kind, ArrayOf):
            kinds = [item(kind, at) for at in range(len(term.items))]
            if kind.rest is None and len(kind.items) != len(kinds):
                return False
            return all(
                self._bind(part, one or ANY, is_one_of_several) for part, one in zip(term.items, kinds, strict=True)
            )
        if isinstance(term, SetTerm) and isinstance(kind, SetOf):
            return all(self._bind(part, kind.member, is_one_of_several) for part in term.items)
        if isinstance(term, ObjectTerm) and isinstance(kind, ObjectOf):
            return self._bind_values(term, kind, is_one_of_several)
        return False

    def _bind_values(self, term: ObjectTerm, kind: ObjectOf, is_one_of_several: bool) -> bool:
        if kind.rest is None and len(kind.fields) != len(term.pairs):
            return False
        for key, value in term.pairs:
            if not isinstance(key, Scalar):
                self._bind(value, ANY, is_one_of_several)
                continue
            found = select(kind, key.value)
            if found is None or not self._bind(value, found, is_one_of_several):
                return False
        return True

    # Calls

    def _call(self, call: Call, span: Span) -> Type:
        """The type of the result; arguments are checked."""
        for arg in call.args:  # a reference in one may give another its type
            self.type_of(arg)
        given = [self.type_of(arg) for arg in call.args]
        kind = self.known.function(call.name)
        if kind is None or call.name == "print":
            return ANY
        for arg, one, want in zip(call.args, given, (*kind.args, kind.result), strict=False):
            if (is_known(one) and not meets(one, want)) or not self._bind(arg, want):
                self.refuse(f"{call.name}: invalid argument(s)", span)
                return ANY
        return kind.result

    def calls_in(self, term: Term) -> None:
        """The calls within a term: OPA makes statements of them, before that of the references beside them."""
        for part in () if isinstance(term, TemplateString) else parts(term):
            self.calls_in(part)
        if isinstance(term, (Call, TemplateString)):
            self.type_of(term)

    # Terms

    def type_of(self, term: Term) -> Type:
        """The type of a term, ANY where it is not known; what is wrong inside it is noted."""
        if isinstance(term, Scalar):
            return type_of_scalar(term.value)
        if isinstance(term, Var):
            return self.types.get(term.name, ANY if term.name in ROOTS else UNKNOWN)
        if isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)):
            return self._composite(term)
        if isinstance(term, FunctionName):
            return ANY
        if id(term) not in self._settled:  # OPA looks at each once, as of when it was reached
            self._settled[id(term)] = self._looked_at(term)
        return self._settled[id(term)]

    def settled(self, term: Term) -> Type:
        """The type of a term of a head: anything where not all is known of it."""
        found = self.type_of(term)
        return found if is_known(found) else ANY

    def _looked_at(self, term: Ref | Call | Comprehension | TemplateString) -> Type:
        if isinstance(term, Ref):
            return self._reference(term)
        if isinstance(term, Call):
            return self._call(term, term.span)
        return self._comprehension(term) if isinstance(term, Comprehension) else self._template(term)

    def _template(self, term: TemplateString) -> Type:
        self._within(term)
        for part in term.parts:
            if isinstance(part, Var):
                self.types[part.name] = ANY
        return STRING

    def _within(self, term: TemplateString) -> None:
        inner = self._inner()
        for part in term.parts:
            if not isinstance(part, (str, Var)):
                inner.calls_in(part)
                inner.type_of(part)

    def _inner(self) -> Typing:
        return Typing(self.known, self.problems, self.source, self.types.copy())

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
        inner = self._inner()
        inner.body(term.body)
        heads = [term.value] if term.key is None else [term.key, term.value]
        for head in heads:
            inner.calls_in(head)
        key, value = inner.type_of(heads[0]), inner.type_of(heads[-1])
        if term.kind == "object":
            return ObjectOf((), value if is_known(key) else UNKNOWN)
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
        return len(ref.path), ANY if node is None else self._extent(node)

    def _extent(self, node: Tree) -> Type:
        """The type of a place that has rules below it: others, of other packages or data, may be there too."""
        if node.is_rule:
            found = self.known.types.get(node.path, ANY)
            return ANY if node.children or isinstance(found, FunctionType) else found
        return ObjectOf(tuple((key, self._extent(child)) for key, child in node.children.items()), ANY)

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
