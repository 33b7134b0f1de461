"""From a term to its value, by the table: what is inside of other constructs goes through here."""

from __future__ import annotations

from collections.abc import Sequence

from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.reading import kept, needed
from constraints.rego.syntax.tree import Scalar, Term, Var


def value_of(emission: Emission, term: Term) -> Operand:
    """The value of a term, which is no call; statements and loops that it needs are emitted."""
    with emission.at(term.span):
        return emission.table.terms[type(term)](emission, term)


def values_of(emission: Emission, terms: Sequence[Term]) -> list[Operand] | None:
    """The values of several terms, all defined; None when one never is."""
    found = []
    steps = sum(not isinstance(term, (Scalar, Var)) for term in terms) > 1  # an expression may not wait for others
    for term in terms:
        value = needed(emission, value_of(emission, term))
        if value is None:
            return None
        found.append(kept(emission, value) if steps else value)
    return found
