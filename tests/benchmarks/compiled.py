"""Compilation in a process of its own: `python -m benchmarks.compiled FOLDER` prints one JSON object.

Every template below the folder is added to an engine together with the first constraint of its samples. What the
compiler imports when it is first needed counts; reading the files does not.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.hooks.engines import EngineOptions, engines
from audit.sources.manifests import read_objects
from constraints import Engine
from constraints.model import Object


def main(arguments: Sequence[str]) -> None:
    """Print seconds in all and the number of templates."""
    policies = [read_objects([str(file) for file in files]) for files in pairs(Path(arguments[0]))]
    start = time.perf_counter()
    compile_all(policies)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "templates": len(policies)}))


def compile_all(policies: Sequence[Sequence[Object]]) -> None:
    """Add each template and its constraint to one engine."""
    engine = Engine(drivers=engines(EngineOptions(native_validation=False)))
    for template, constraint in policies:
        engine.add_template(template)
        engine.add_constraint(constraint)


def pairs(library: Path) -> Iterator[tuple[Path, Path]]:
    """Each template with one constraint of its samples."""
    for template in sorted(library.glob("*/*/template.yaml")):
        yield template, min(template.parent.glob("samples/*/constraint.yaml"))


if __name__ == "__main__":
    main(sys.argv[1:])
