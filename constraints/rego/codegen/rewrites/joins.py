"""Joins over `data.inventory`: what is compared with a value that does not depend on it is looked up, not searched.

    other := data.inventory.namespace[ns][_]["Service"][name]     every object against every other
    selector(other) == mine

becomes a table of all such objects by `selector(other)`, made once for an inventory, and a look into it. Statements in
between that depend on the iterated objects alone are done while the table is made. Conjunction commutes.
"""

from __future__ import annotations

from constraints.model import value
from constraints.rego.codegen.base import Operand
from constraints.rego.codegen.rewrites.known import Known
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Call, Every, Expr, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import enclosed_in, has_closure, visible, visible_in


@value
class Join:
    """A table: `inner` statements make its rows, by the values of `keys`; it is asked for the values of `asked`.

    `names`: the variables that a row binds. `rest`: the statements behind the join. `lasts`: the table depends on the
    inventory alone, and is made once for that; else once for an evaluation.
    """

    inner: Body
    keys: tuple[Term, ...]
    asked: tuple[Term, ...]
    names: tuple[str, ...]
    rest: Body
    lasts: bool = True


class Joins(Known):
    """Bodies with tables."""

    def body(self, body: Body) -> bool:
        """The statements of a body, the place is then where it holds. False when it never does."""
        self.bind_known(body)
        at = 0
        while at < len(body):
            join = self.join_at(body, at)
            if join is not None and self._joined(join):
                return self.body(join.rest)
            if not self.statement(body[at]):
                return False
            at += 1
        return True

    # finding

    def join_at(self, body: Body, at: int) -> Join | None:
        """The join that starts with a statement of a body; None when there is none."""
        return self._join_of(body[at:]) if self.may_join(body[at]) and _inventory(body[at]) is not None else None

    def may_join(self, expr: Expr) -> bool:
        """Whether all is as it seems: nothing is replaced by `with`, neither here nor around."""
        unit = self.unit
        plain = unit.fixed and not unit.targets and not unit.mocked and self.place.context == "c"
        return plain and not expr.negated and not expr.withs

    def _join_of(self, body: Body) -> Join | None:
        """The join that starts with the first statement; None when there is no equality to look up."""
        first, keys, asked = self._freed(body[0])
        names, outer = visible_in(first), self.bound()
        if names & outer or _mentions_input(first):
            return None
        last, given = 0, len(keys)
        inner, rest = [(0, first)], []
        for at, expr in enumerate(body[1:], 1):
            equal = self.equality_of(expr, names)
            if equal is not None:
                last = at
                keys.append(equal[0])
                asked.append(equal[1])
            elif _inventory(expr) is None and _is_inner(expr, names, outer):
                inner.append((at, expr))
                names |= visible_in(expr)
            else:
                rest.append((at, expr))
                outer |= visible_in(expr) - names
        if len(keys) == given:
            return None
        early = tuple(expr for at, expr in inner if at < last)
        late = tuple(
            expr for _, expr in sorted([*rest, *[one for one in inner if one[0] > last]], key=lambda one: one[0])
        )
        bound = {name for expr in early for name in visible_in(expr) if not name.startswith("$")}
        return Join(early, tuple(keys), tuple(asked), tuple(sorted(bound - outer)), late)

    def _freed(self, expr: Expr) -> tuple[Expr, list[Term], list[Term]]:
        """The statement with bound keys of its reference as variables of their own, these and what they must equal."""
        ref = _inventory(expr)
        assert ref is not None
        keys: list[Term] = []
        asked: list[Term] = []
        path: list[Term] = []
        for at, part in enumerate(ref.path):
            if isinstance(part, Var) and part.name in self.place.env and not self.place.env[part.name].is_constant:
                asked.append(part)
                part = Var(f"key#join{at}", part.span)
                keys.append(part)
            path.append(part)
        free = Ref(ref.head, tuple(path), ref.span)
        what = expr.what
        made = Call(what.name, (what.args[0], free), what.span) if isinstance(what, Call) else free
        return Expr(made, span=expr.span), keys, asked

    def bound(self) -> set[str]:
        """The variables that have a value here that is no constant."""
        return {name for name, value in self.place.env.items() if not value.is_constant}

    def equality_of(self, expr: Expr, names: set[str]) -> tuple[Term, Term] | None:
        """Both sides of an equality: what depends on the rows alone, and what does not depend on them."""
        what = expr.what
        if (
            expr.negated
            or expr.withs
            or not isinstance(what, Call)
            or what.name not in ("equal", "eq")
            or len(what.args) != 2
        ):
            return None
        for inner, outer in (what.args, what.args[::-1]):
            if self._is_of_rows(inner, names) and self._is_known(outer):
                return inner, outer
        return None

    def _is_of_rows(self, term: Term, names: set[str]) -> bool:
        found: set[str] = set()
        visible(term, found)
        plain = {name for name in found if not name.startswith("$")}
        return bool(plain) and plain <= names and not has_closure(term) and not _mentions_input(term)

    def _is_known(self, term: Term) -> bool:
        found: set[str] = set()
        visible(term, found)
        return not has_closure(term) and all(name in self.place.env for name in found)

    # emitting

    def _joined(self, join: Join) -> bool:
        """Emit the look into the table. False when the table would depend on more than the inventory."""
        table = self._table(join)
        values = None if table is None else self.terms(join.asked)
        if table is None or values is None:
            return False
        if not join.lasts:
            self.uses_more()
        values = [self.kept(value, "key") for value in values]
        look = "rows_of" if join.lasts else "counted_rows_of"
        rows = self.runtime(look, self.nodes.call(table, self.context()), *map(self.load, values))
        names = self.loop(join.names or ("row",), rows)
        for name, local in zip(join.names, names, strict=False):
            self.place.env[name] = Operand(name=local)
        return True

    def _table(self, join: Join) -> str | None:
        """The function that makes the table, once for an inventory."""
        other = Joins(self.unit, self.tree, self.source)
        other.place.env = {name: value for name, value in self.place.env.items() if value.is_constant}
        other.place.ordered = self.place.ordered
        with other.at(join.inner[0].span), other.aside(ordered=self.place.ordered) as block:
            rows = other.names.new("rows")
            other.emit(other.nodes.assign(rows, other.nodes.mapping([])))
            inner, end = other.closure(lambda: other._rows_of(join, rows), ordered=self.place.ordered)
            other.joined(inner, end)
            other.emit(other.nodes.give(other.nodes.name(rows)))
        if end is None or (join.lasts and other.alien):
            return None
        self.quiet = self.quiet and other.quiet
        make = self.unit.new("make_table")
        table = self.unit.new("table")
        self.add(other.nodes.function(make, ["c"], block))
        node = other.runtime(
            "table_of" if join.lasts else "own_table_of", other.nodes.name("c"), other.nodes.name(make)
        )
        self.add(other.nodes.function(table, ["c"], [other.nodes.give(node)]))
        return table

    def _rows_of(self, join: Join, rows: str) -> bool:
        if not all(self.statement(expr) for expr in join.inner):
            return False
        keys = self.terms(join.keys)
        if keys is None:
            return False
        values = [self.load(self.place.variable(name)) for name in join.names] or [self.nodes.constant(True)]
        row = self.nodes.row(values) if len(values) > 1 else values[0]
        key = self.nodes.row([self.load(key) for key in keys])
        self.emit(self.nodes.do(self.runtime("add_row", self.nodes.name(rows), key, row)))
        return True


def _inventory(expr: Expr) -> Ref | None:
    """The reference into the inventory that a statement iterates."""
    match expr.what:
        case Call(name="assign" | "eq", args=(_, Ref() as ref)) | (Ref() as ref):
            inventory = ref.head == Var("data") and ref.path[0] == Scalar("inventory")
            return ref if inventory and any(isinstance(part, Var) for part in ref.path) else None
    return None


def _is_inner(expr: Expr, names: set[str], outer: set[str]) -> bool:
    """Whether a statement depends on the rows alone; `outer` are variables that others bind."""
    if expr.withs or isinstance(expr.what, Every) or _mentions_input(expr):
        return False
    found = visible_in(expr) | enclosed_in(expr)
    return bool(found & names) and not found & outer


def _mentions_input(node: Expr | Term) -> bool:
    return any(isinstance(found, Var) and found.name == "input" for found in nodes_of(node))
