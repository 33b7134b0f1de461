"""`every`: nothing that it goes through is a counterexample."""

from __future__ import annotations

from constraints.rego.codegen.blocks import guard
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.patterns import matches
from constraints.rego.codegen.reading import kept, load, needed
from constraints.rego.codegen.statements import negated
from constraints.rego.codegen.walks import iterate
from constraints.rego.syntax.tree import Every, Var


def emit_every(emission: Emission, every: Every) -> bool:
    """`every v in xs { ... }`. False when it never holds."""
    domain = needed(emission, value_of(emission, every.domain), "domain")
    if domain is None:
        return False
    domain = kept(emission, domain, "domain")
    guard(emission, emission.nodes.call("is_collection", load(emission, domain)))
    return negated(emission, lambda: _counterexample(emission, every, domain))


def _counterexample(emission: Emission, every: Every, domain: Operand) -> bool:
    """An item for which the body does not hold. False when there never is one."""
    item = iterate(emission, domain, every.key or Var("$every"))
    emission.place.env.pop("$every", None)
    if not item.defined or not matches(emission, every.value, item):
        return False
    return negated(emission, lambda: emit_body(emission, every.body))
