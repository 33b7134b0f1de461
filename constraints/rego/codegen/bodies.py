"""Bodies: one statement after the other, as nested conditions and loops, with tables in the place of some loops."""

from __future__ import annotations

from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.rewrites.early import with_early_fields
from constraints.rego.codegen.rewrites.indices import index_at
from constraints.rego.codegen.rewrites.joins import Join, join_at
from constraints.rego.codegen.rewrites.known import known
from constraints.rego.codegen.statements import emit_statement
from constraints.rego.codegen.tables import emit_join
from constraints.rego.syntax.tree import Body


def emit_body(emission: Emission, body: Body) -> bool:
    """The statements of a body, the place is then where it holds. False when it never does."""
    if emission.unit.fixed:
        body = with_early_fields(body, emission.unit.builtins)
        emission.place.env.update(known(body, emission.place.env, emission.unit.parameters))
    for at, expr in enumerate(body):
        join = _join_at(emission, body, at)
        if join is not None and emit_join(emission, join):
            return emit_body(emission, join.rest)
        if not emit_statement(emission, expr):
            return False
    return True


def _join_at(emission: Emission, body: Body, at: int) -> Join | None:
    """The join that starts with a statement of a body; None when there is none, or when `with` replaces something."""
    place = emission.place
    if not emission.unit.is_plain or place.context != "c":
        return None
    found = join_at(body, at, place.env)
    return index_at(body, at, place.env) if found is None and place.loops else found
