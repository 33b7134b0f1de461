"""A constraint that cannot be compiled, whatever the reason, leaves the others running."""

from __future__ import annotations

from typing import Any

from answering import Answering
from probes import constraint, template

from audit.gator.evaluate import load
from audit.sources.manifests import Manifest
from constraints import Cause, Engine, Point
from constraints.drivers import Program


class Failing(Answering):
    """A driver whose policies fail for constraints that have parameters."""

    def program(self, parameters: Any) -> Program:
        if parameters:
            raise OverflowError("int too large to convert to float")
        return self


def test_a_constraint_that_cannot_be_compiled_is_a_gap_that_names_it() -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    objects = [template(schema=schema), constraint("broken", parameters={"a": 1}), constraint("whole")]
    engine = Engine(Point.GATOR, {"Rego": Failing()})
    (gap,) = load([Manifest(obj, "a.yaml", at, 1) for at, obj in enumerate(objects, 1)], engine)
    assert (gap.cause, gap.reason, gap.policy) == (Cause.CONSTRAINT, "CompileError", "Probe/broken")
    assert gap.message == (
        'adding constraint "broken": Probe/broken: could not be compiled: OverflowError: int too large to convert to '
        "float (a.yaml, document 2, line 1; Probe/broken is left out)"
    )
    assert list(engine.constraints) == ["Probe/whole"]
