"""Reviews in a process of its own: `python -m benchmarks.reviewed ROUNDS FILE...` prints one JSON object.

The files hold templates, constraints and objects; every object is reviewed 1,000 times a round and without knowing its
Namespace, as `gator bench` does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median

from audit.gator.evaluate import CONSTRAINTS, is_template, kind_of, load
from audit.hooks.engines import EngineOptions, engines
from audit.sources.manifests import read
from constraints import Engine, Gap, Inventory, Point
from constraints.model import Object
from constraints.review import review_of

WARM_UP = 200
ITERATIONS = 1000


def main(arguments: Sequence[str]) -> None:
    """Print the mean seconds of a review (the median of the rounds) and the violations in one go at the objects."""
    rounds, *files = arguments
    manifests = read(files)
    engine = Engine(Point.GATOR, engines(EngineOptions(native_validation=False)))  # as gator bench -e rego
    if gaps := [gap.message for gap in load(manifests, engine)]:
        raise SystemExit("\n".join(gaps))
    objects = [manifest.object for manifest in manifests if not policy(manifest.object)]
    violations = sum(1 for _ in outcomes(engine, objects))
    means = list(timed(engine, objects, int(rounds)))
    sys.stdout.write(json.dumps({"review": median(means), "violations": violations}))


def timed(engine: Engine, objects: Sequence[Object], rounds: int) -> Iterator[float]:
    """Mean seconds of a review in each round: making it from the object, matching, evaluating, making violations."""
    inventory = Inventory.of(())
    for at in range(rounds + 1):
        times = ITERATIONS if at else WARM_UP
        start = time.perf_counter()
        for _ in range(times):
            for obj in objects:
                for _outcome in engine.review(review_of(obj), inventory):
                    pass
        if at:
            yield (time.perf_counter() - start) / times / len(objects)


def outcomes(engine: Engine, objects: Sequence[Object]) -> Iterator[object]:
    """What is found in the objects. Ends the process when something cannot be evaluated."""
    for obj in objects:
        for outcome in engine.review(review_of(obj)):
            if isinstance(outcome, Gap):
                raise SystemExit(outcome.message)
            yield outcome


def policy(obj: Object) -> bool:
    """Whether it is a template or a constraint."""
    return is_template(obj) or kind_of(obj).group == CONSTRAINTS


if __name__ == "__main__":
    main(sys.argv[1:])
