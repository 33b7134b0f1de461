"""Names in terms to what they mean: imports and rules to references below `data`, variables to unique ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from constraints.dataclass import dataclass
from constraints.lang.source import Span
from constraints.rego.builtins import Builtin
from constraints.rego.names.scope import Fresh, Scope
from constraints.rego.syntax.problems import COMPILE, TYPE, Problems
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.syntax.walk import ROOTS


@dataclass(slots=True)
class Names:
    """What a module may name: its package's rules and its imports by their first word, as absolute paths.

    `used` collects the words that were needed.
    """

    paths: dict[str, tuple[str, ...]]
    builtins: Mapping[str, Builtin]
    functions: Mapping[str, object]
    used: set[str] = field(default_factory=set)


class TermResolver:
    """Rewrites terms of one module or query; what it refuses goes to `problems`."""

    def __init__(self, names: Names, problems: Problems, source: str, strict: bool = False) -> None:
        self.names = names
        self.problems = problems
        self.source = source
        self.strict = strict
        self.rewrites: dict[type, Callable[..., Term]] = {
            Scalar: _itself,
            FunctionName: _itself,
            Var: self.variable,
            Ref: self.reference,
            Call: self.call,
            ArrayTerm: self._array,
            SetTerm: self._set,
            ObjectTerm: self._object,
            TemplateString: self._template,
        }

    def refuse(self, text: str, span: Span) -> None:
        """Note a compile error."""
        self.problems.add(COMPILE, text, span, self.source)

    def scope(
        self, fresh: Fresh, parent: Scope | None, declares: frozenset[str], mentions: Callable[[], set[str]]
    ) -> Scope:
        """A new scope; what was wrong before it is not held against it."""
        return Scope(fresh, parent, declares, mentions, len(self.problems.found))

    def term(self, term: Term, scope: Scope) -> Term:
        """The term with its names resolved."""
        return self.rewrites[type(term)](term, scope)

    def _terms(self, terms: Sequence[Term], scope: Scope) -> tuple[Term, ...]:
        rewrites = self.rewrites
        return tuple([rewrites[type(term)](term, scope) for term in terms])

    def variable(self, var: Var, scope: Scope) -> Term:
        """A root, a variable, or a rule or import by its bare name."""
        name = var.name
        if name.startswith("$"):
            return var
        path = self.names.paths.get(name)
        if path is not None and not scope.hides(name):
            self.names.used.add(name)
            return _reference_to(path, var.span)
        unique = scope.find(name)
        if unique is None:
            if name in ROOTS:
                return var
            unique = scope.imply(name)
        return var if unique == name else Var(unique, var.span)

    def reference(self, ref: Ref, scope: Scope) -> Term:
        """A reference with its head made absolute."""
        head = self.term(ref.head, scope)
        path = ref.path if all(type(part) is Scalar for part in ref.path) else self._terms(ref.path, scope)
        if type(head) is Ref:
            return Ref(head.head, head.path + path, ref.span)
        if head is ref.head and path is ref.path:
            return ref
        return Ref(head, path, ref.span)

    def call(self, call: Call, scope: Scope, is_statement: bool = False) -> Call:
        """A call with the function's name made absolute."""
        first = call.name.partition(".")[0]
        name = self._absolute(call.name, scope)
        if name is call.name and first not in ROOTS and scope.find(first) is not None:
            if is_statement:
                self.problems.add(TYPE, f"undefined function {call.name}", call.span, self.source)
            else:
                self.refuse(f"called function {call.name} shadowed", call.span)
        return Call(name, self._terms(call.args, scope), call.span)

    def _absolute(self, dotted: str, scope: Scope) -> str:
        first, dot, rest = dotted.partition(".")
        path = self.names.paths.get(first)
        if path is None or scope.hides(first):
            return dotted
        self.names.used.add(first)
        return ".".join(path) + dot + rest

    def function_named(self, term: Term, scope: Scope) -> FunctionName | None:
        """The function that a term without a call names, or None."""
        dotted = dotted_name(term)
        if dotted is None:
            return None
        name = self._absolute(dotted, scope)
        first = name.partition(".")[0]
        if first not in ROOTS and scope.hides(first):
            return None
        if name in self.names.functions or name in self.names.builtins:
            return FunctionName(name, term.span)
        return None

    def _array(self, term: ArrayTerm, scope: Scope) -> Term:
        return ArrayTerm(self._terms(term.items, scope), term.span) if term.items else term

    def _set(self, term: SetTerm, scope: Scope) -> Term:
        return SetTerm(self._terms(term.items, scope), term.span) if term.items else term

    def _object(self, term: ObjectTerm, scope: Scope) -> Term:
        pairs = tuple([(self.term(key, scope), self.term(value, scope)) for key, value in term.pairs])
        return ObjectTerm(pairs, term.span)

    def _template(self, term: TemplateString, scope: Scope) -> Term:
        """Its parts stand in the scope around it: what they mention must not be declared behind it."""
        found = tuple(part if isinstance(part, str) else self.term(part, scope) for part in term.parts)
        return TemplateString(found, term.span)


def _itself(term: Term, scope: Scope) -> Term:
    return term


def _reference_to(path: tuple[str, ...], span: Span) -> Term:
    root = Var(path[0], span)
    return Ref(root, tuple(Scalar(part, span) for part in path[1:]), span) if len(path) > 1 else root


def dotted_name(term: Term) -> str | None:
    """`a.b.c` for a reference made of names only, or a variable's name."""
    if isinstance(term, Var):
        return term.name
    if not isinstance(term, Ref) or not isinstance(term.head, Var):
        return None
    if not all(isinstance(part, Scalar) and isinstance(part.value, str) for part in term.path):
        return None
    return ".".join((term.head.name, *(part.value for part in term.path if isinstance(part, Scalar))))
