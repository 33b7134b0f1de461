"""Names to what they mean in bodies and heads, and what may be declared where.

Facts of scoping are those of OPA 1.17 (v1/ast/compile.go: resolveAllRefs, rewriteLocalVars).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from constraints.rego.names.scope import ARGUMENT, ASSIGNED, DECLARED, Scope, Step
from constraints.rego.names.terms import Names, TermResolver
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.problems import UNSAFE, Problems
from constraints.rego.syntax.tree import (
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
    With,
)
from constraints.rego.syntax.walk import ROOTS, everywhere, own_names, pattern, visible, visible_in_body

KEY: Final = "__local"
"""How OPA's name of a key that no one wrote begins, which tells when it is its turn."""
_KIND_NAMES: Final[dict[type, str]] = {
    Call: "call",
    Ref: "ref",
    SetTerm: "set",
    TemplateString: "templatestring",
    Comprehension: "comprehension",
}


class Resolver(TermResolver):
    """Rewrites bodies and heads too."""

    def __init__(self, names: Names, problems: Problems, source: str, strict: bool = False) -> None:
        super().__init__(names, problems, source, strict)
        self.rewrites[Comprehension] = self.comprehension

    # Bodies

    def body(self, body: Body, scope: Scope) -> Body:
        """The statements in their order; `some x` alone leaves none."""
        found: list[Expr] = []
        for expr in body:
            rewritten = self.statement(expr, scope)
            if rewritten is not None:
                found.append(rewritten)
        return tuple(found)

    def statement(self, expr: Expr, scope: Scope) -> Expr | None:
        """One statement; None when it only declares."""
        what = expr.what
        if isinstance(what, SomeDecl):
            for var in what.names:
                self.declare(var, scope, DECLARED)
            return None
        if isinstance(what, SomeIn):
            resolved: Term | SomeDecl | SomeIn | Every = self._some_in(what, scope)
        elif isinstance(what, Every):
            resolved = self._every(what, scope)
        elif isinstance(what, Call) and what.name == "assign":
            return self._assignment(expr, what, scope)
        elif isinstance(what, Call):
            resolved = self.call(what, scope, is_statement=True)
        else:
            resolved = self.term(what, scope)
        withs = self._withs(expr.withs, scope)
        return Expr(resolved, expr.negated, withs, expr.span)

    def _assignment(self, expr: Expr, call: Call, scope: Scope) -> Expr:
        if expr.negated:
            self.refuse("cannot assign vars inside negated expression", expr.span)
        if len(call.args) != 2:  # left to the check of arities
            return expr
        value = self.term(call.args[1], scope)
        withs = self._withs(expr.withs, scope)
        target = self._target(call.args[0], scope)
        return Expr(Call("assign", (target, value), call.span), expr.negated, withs, expr.span)

    def _target(self, term: Term, scope: Scope) -> Term:
        """The left side of `:=`: every variable in it is a new one."""
        if isinstance(term, Var):
            return self.declare(term, scope, ASSIGNED)
        if isinstance(term, ArrayTerm):
            return ArrayTerm(tuple(self._target(item, scope) for item in term.items), term.span)
        if isinstance(term, ObjectTerm):
            pairs = tuple((self.term(key, scope), self._target(value, scope)) for key, value in term.pairs)
            return ObjectTerm(pairs, term.span)
        self.refuse(f"cannot assign to {_kind_name(term)}", term.span)
        return term

    def declare(self, var: Var, scope: Scope, how: str) -> Var:
        """A new variable, unless the name has occurred in this scope."""
        unique = scope.declare(var.name, how, var.span)
        if unique is None:
            self.refuse(scope.occurred[var.name].format(var.name), var.span)
            return var
        return var if unique == var.name else Var(unique, var.span)

    def _some_in(self, what: SomeIn, scope: Scope) -> SomeIn:
        outside: set[str] = set()
        everywhere(what.domain, outside)
        domain = self.term(what.domain, scope)
        new: set[str] = set()
        pattern(what.value, new)
        visible(what.key, new)
        if what.key is None:
            scope.fresh.made.append((Step.LOCALS, ""))  # OPA makes up two names for that key, one after the other
            new.add(KEY)
        for name in sorted(new - outside):
            if name == KEY:
                scope.fresh.key(what.span)
            elif name.startswith("$"):
                scope.fresh.made.append((Step.LOCALS, name))
            else:
                self.declare(Var(name, what.span), scope, DECLARED)
        key = None if what.key is None else self.term(what.key, scope)
        return SomeIn(key, self.term(what.value, scope), domain, what.span)

    def _every(self, what: Every, scope: Scope) -> Every:
        domain = self.term(what.domain, scope)
        declares = frozenset(own_names(what))
        inner = self.scope(scope.fresh, scope, declares, lambda: visible_in_body(what.body))
        if what.key is None:
            scope.fresh.key(what.span)
        key = None if what.key is None else self._declared(what.key, inner)
        value = self._declared(what.value, inner)
        body = self.body(what.body, inner)
        self.close(inner)
        return Every(key, value, domain, body, what.span)

    def _declared(self, var: Var, scope: Scope) -> Var:
        """A variable of `every`; a wildcard keeps its name, with OPA only here."""
        found = self.declare(var, scope, DECLARED)
        if var.is_wildcard:
            scope.fresh.made.pop()
        return found

    def _withs(self, withs: tuple[With, ...], scope: Scope) -> tuple[With, ...]:
        return tuple(self._with(one, scope) for one in withs) if withs else withs

    def _with(self, modifier: With, scope: Scope) -> With:
        target = self._with_target(modifier.target, scope)
        value: Term | None = None
        if isinstance(target, FunctionName):
            value = self.function_named(modifier.value, scope)
        return With(target, value or self.term(modifier.value, scope), modifier.span)

    def _with_target(self, target: Term, scope: Scope) -> Term:
        """`input` is meant even where a variable hides it."""
        function = self.function_named(target, scope)
        if function is not None:
            return function
        head = target.head if isinstance(target, Ref) else target
        if isinstance(head, Var) and head.name in ROOTS:
            if isinstance(target, Ref):
                return Ref(head, tuple(self.term(part, scope) for part in target.path), target.span)
            return target
        return self.term(target, scope)

    def comprehension(self, term: Comprehension, scope: Scope) -> Comprehension:
        """A closure: its body first, then its head in the same scope."""
        inner = self.scope(scope.fresh, scope, declared_in(term.body), lambda: _mentions_of(term))
        body = self.body(term.body, inner)
        key = None if term.key is None else self.term(term.key, inner)
        value = self.term(term.value, inner)
        self.close(inner)
        return Comprehension(term.kind, value, body, key, term.span)

    def close(self, scope: Scope) -> None:
        """Complain of what was declared in vain, unless something else is wrong."""
        if len(self.problems.found) > scope.before:
            return
        for name in scope.unused(DECLARED):
            self.refuse(f"declared var {name} unused", scope.spans[name])
        if self.strict:
            for name in scope.unused(ASSIGNED):
                self.refuse(f"assigned var {name} unused", scope.spans[name])

    # Heads

    def argument(self, term: Term, scope: Scope) -> Term:
        """A pattern in a function's head: every variable in it is an argument."""
        if isinstance(term, Var):
            if term.name in ROOTS:
                self.refuse(f"args must not shadow {term.name} (use a different variable name)", term.span)
            known = scope.declared.get(term.name)
            if known is not None:
                scope.uses[term.name] += 1
                return Var(known, term.span)
            return self.declare(term, scope, ARGUMENT)
        if isinstance(term, ArrayTerm):
            return ArrayTerm(tuple(self.argument(item, scope) for item in term.items), term.span)
        if isinstance(term, ObjectTerm):
            pairs = tuple((self.term(key, scope), self.argument(value, scope)) for key, value in term.pairs)
            return replace(term, pairs=pairs)
        if isinstance(term, Call):
            self.refuse("rule arguments cannot contain calls", term.span)
        elif isinstance(term, Ref) and isinstance(term.head, Var):
            self.problems.add(UNSAFE, f"var {term.head.name} is unsafe", term.span, self.source)
        return self.term(term, scope)


def _kind_name(term: Term) -> str:
    """As OPA names the kinds of terms in `cannot assign to ...`."""
    if isinstance(term, Scalar):
        kind = type(term.value)
        return {str: "string", bool: "boolean", type(None): "null"}.get(kind, "number")
    if isinstance(term, Comprehension):
        return f"{term.kind}comprehension"
    return _KIND_NAMES.get(type(term), "term")


def _mentions_of(term: Comprehension) -> set[str]:
    into = visible_in_body(term.body)
    visible(term.key, into)
    visible(term.value, into)
    return into


def declared_in(body: Body) -> frozenset[str]:
    """The names that `:=` and `some` declare in a body, those in bodies of `every` included."""
    into: set[str] = set()
    for expr in body:
        what = expr.what
        if isinstance(what, Call) and what.name == "assign" and what.args:
            everywhere(what.args[0], into)
        elif isinstance(what, SomeDecl):
            into |= {var.name for var in what.names}
        elif isinstance(what, SomeIn):
            for term in (what.value, what.key):
                if term is not None:
                    everywhere(term, into)
                    into |= _called_in(term)
        elif isinstance(what, Every):
            into |= declared_in(what.body)
    return frozenset(into)


def _called_in(pattern: Term) -> set[str]:
    """The first words of functions that are called in a pattern: OPA takes them for variables that it declares."""
    if isinstance(pattern, Var):
        return set()
    return {node.name.partition(".")[0] for node in nodes_of(pattern) if isinstance(node, Call)}
