"""What expressions at the edges of types give in Kubernetes 1.36, recorded from its own library: edges.jsonl."""

from __future__ import annotations

from pathlib import Path

from recordedexpressions import Recorded


def test_expressions_give_what_they_give_in_kubernetes() -> None:
    assert Recorded.read(Path(__file__).parent / "edges.jsonl").differ() == {}
