"""What a body says of its variables by constants alone, known before its first statement.

    value := labels[key]; expected := input.parameters.labels[0]; expected.key == key

looks `key` up then, instead of trying all labels. Conjunction commutes, and nothing that is done early can fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from constraints.rego.codegen.base import NO_CONSTANT, constant
from constraints.rego.codegen.rewrites.asked import Asked
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Call, Expr, Ref, Scalar, Term, Var
from constraints.rego.values.kinds import UNDEFINED, Value, lookup


class Known(Asked):
    """Bodies whose variables are bound to constants early."""

    def bind_known(self, body: Body) -> None:
        """Bind the variables that must be equal to a constant; the statements that say so hold later on."""
        if not self.unit.fixed or len(body) < 2:
            return
        pairs = [pair for expr in body for pair in _equations(expr)]
        if not any(self._value(*pair) is not NO_CONSTANT for pair in pairs):
            return
        stored = {node.name for node in nodes_of(tuple(map(_stored, body))) if isinstance(node, Var)}
        pairs = [pair for pair in pairs if pair[1].name not in stored]
        while any(self._bind_known(*pair) for pair in pairs):
            pass  # each binding may make further terms known

    def _bind_known(self, name: str, var: Var, term: Term) -> bool:
        value = self._value(name, var, term)
        if value is NO_CONSTANT:
            return False
        self.place.env[var.name] = constant(value)
        return True

    def _value(self, name: str, var: Var, term: Term) -> Value:
        """What a variable is bound to where an equation says so, NO_CONSTANT when it is not bound by that."""
        if var.is_wildcard or not self.free(var):
            return NO_CONSTANT
        value = self._known(term)
        if value is UNDEFINED:
            return NO_CONSTANT
        if name != "assign" and type(value) is not str:
            return NO_CONSTANT  # looking up numbers is more than comparing with them
        return value

    def _known(self, term: Term) -> Value:
        """The value of a term, NO_CONSTANT when that takes more than constants."""
        match term:
            case Scalar(value=value):
                return value
            case Var(name=name) if name in self.place.env:
                return self.place.env[name].constant
            case Ref(head=Var(name="input"), path=(Scalar(value="parameters"), *path)):
                return self._walked(self.unit.parameters, path)
            case Ref(head=Var(name=name), path=path) if name in self.place.env:
                return self._walked(self.place.env[name].constant, path)
        return NO_CONSTANT

    def _walked(self, value: Value, path: list[Term] | tuple[Term, ...]) -> Value:
        for part in path:
            key = self._known(part)
            if value is NO_CONSTANT or key is NO_CONSTANT:
                return NO_CONSTANT
            value = UNDEFINED if value is UNDEFINED or key is UNDEFINED else lookup(value, key)
        return value


def _equations(expr: Expr) -> Iterator[tuple[str, Var, Term]]:
    """Variables and what a statement says they are equal to."""
    what = expr.what
    if expr.negated or expr.withs or not isinstance(what, Call) or what.name not in ("assign", "eq", "equal"):
        return
    if len(what.args) == 2:
        for one, other in (what.args, what.args[::-1]):
            if isinstance(one, Var):
                yield what.name, one, other


def _stored(expr: Expr) -> tuple[Ref, ...]:
    """The references of a statement into `data`: there a key is found by its text, too."""
    return tuple([node for node in nodes_of(expr) if type(node) is Ref and _is_data(node.head)])


def _is_data(term: Term) -> bool:
    return type(term) is Var and term.name == "data"
