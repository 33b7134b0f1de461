"""A fleet of objects through `patrol test`: what Gatekeeper finds in it, from ../shared/bench."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import pytest
from beside import BENCH

from audit.gator.evaluate import Evaluated, evaluate, load, namespace_of, namespaces_of
from audit.sources.manifests import Manifest, parse, read
from constraints import Engine, Inventory, Point, Violation
from constraints.review import review_of

pytestmark = pytest.mark.beside(BENCH)


def fleet(*arguments: str) -> list[Manifest]:
    """The objects that fleet.py makes."""
    made = subprocess.run(
        [sys.executable, str(BENCH / "fleet.py"), *arguments], capture_output=True, text=True, check=True
    )
    return parse(made.stdout.encode(), "fleet")


def expected(name: str) -> dict[str, Any]:
    """What Gatekeeper finds in a fleet: totals, and a hash of the rows."""
    found: dict[str, Any] = json.loads((BENCH / "expected.json").read_text())[name]
    return found


def totals(violations: Iterable[Violation]) -> Counter[str]:
    """Violations for each constraint."""
    return Counter(violation.constraint.key for violation in violations)


def digest(violations: Iterable[Violation]) -> str:
    """The hash of the rows, made as expected.json says."""
    rows = sorted(
        [v.constraint.key, v.object.kind.kind, v.object.namespace, v.object.name, v.message] for v in violations
    )
    lines = (json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
    return sha256("\n".join(lines).encode()).hexdigest()


def found_in(outcome: Evaluated) -> list[Violation]:
    """The violations of a run."""
    return [result.violation for result in outcome.report.results]


def test_a_run_finds_what_each_object_alone_gives() -> None:
    policies, objects = read([str(BENCH / "policies")]), fleet("20", "--namespaces", "3")
    together = found_in(evaluate([*policies, *objects]))
    engine = Engine(Point.GATOR)
    assert list(load(policies, engine)) == []
    namespaces = namespaces_of(manifest.object for manifest in objects)
    alone = [
        outcome
        for manifest in [*policies, *objects]
        for outcome in engine.review(
            review_of(manifest.object, namespace_of(manifest.object, namespaces)), Inventory.of([manifest.object])
        )
    ]
    assert len(together) > 100
    assert Counter((v.constraint.key, str(v.object), v.message) for v in together) == Counter(
        (v.constraint.key, str(v.object), v.message) for v in alone if isinstance(v, Violation)
    )


def test_a_thousand_pods_give_gatekeepers_totals() -> None:
    outcome = evaluate([*read([str(BENCH / "policies")]), *fleet("1000")])
    ours, theirs = found_in(outcome), expected("1000")
    assert outcome.gaps == []
    assert totals(ours) == theirs["totals"]
    assert digest(ours) == theirs["sha256"]


def test_services_that_share_a_selector_are_found_by_the_inventory() -> None:
    outcome = evaluate([*read([str(BENCH / "referential")]), *fleet("500", "--kind", "Service")])
    ours, theirs = found_in(outcome), expected("services-500")
    assert outcome.gaps == []
    assert totals(ours) == theirs["totals"]
    assert digest(ours) == theirs["sha256"]
