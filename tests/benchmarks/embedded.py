"""The embedded API server in a process of its own, so that its objects are not counted as the audit's memory.

`python -m benchmarks.embedded PODS KUBECONFIG POLICY-OR-FILE...` loads the fleet and the objects of files, writes the
kubeconfig, prints one line and serves until its standard input ends: it cannot outlive whoever started it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmarks import fleets
from benchmarks.fleets import Object

from audit.embedded import EmbeddedCluster
from constraints import Template
from constraints.crd import crd


def main(arguments: Sequence[str]) -> None:
    """Serve a cluster of that many Pods with these policies."""
    pods, kubeconfig, *others = arguments
    files = [name for name in others if "/" in name]
    chosen = [name for name in others if "/" not in name]
    with EmbeddedCluster() as cluster:
        for objects in (chain(fleets.crds(), policies(chosen)), fleets.fleet(int(pods)), more(files)):
            cluster.load(objects)
        cluster.kubeconfig(Path(kubeconfig))
        sys.stdout.write(f"{cluster.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


def policies(chosen: Sequence[str]) -> Iterator[Object]:
    """The templates, the CRDs of their constraints, and the constraints."""
    templates = fleets.policies("t", chosen)
    yield from (crd(Template.parse(template)) for template in templates)
    yield from templates
    yield from fleets.policies("c", chosen)


def more(files: Sequence[str]) -> Iterator[Object]:
    """What stands in files."""
    yield from chain.from_iterable(fleets.documents(Path(file)) for file in files)


if __name__ == "__main__":
    main(sys.argv[1:])
