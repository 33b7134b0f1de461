"""What is left out is a value."""

from __future__ import annotations

import pickle

import pytest
from saying import pod

from audit.exclusion import NOTHING_EXCLUDED, Exclusion

HOME = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "team-a"}}


@pytest.mark.parametrize("exclusion", [Exclusion(("kube-*", "team-a")), Exclusion(unknown=True), NOTHING_EXCLUDED])
def test_an_exclusion_says_the_same_after_it_was_sent(exclusion: Exclusion) -> None:
    sent = pickle.loads(pickle.dumps(exclusion))
    objects = [HOME, NODE, pod("p", namespace="team-a"), pod("p", namespace="other")]
    assert sent == exclusion
    assert list(map(sent.test(), objects)) == list(map(exclusion.test(), objects))


def test_where_the_patterns_are_unknown_only_what_is_in_no_namespace_stays() -> None:
    excluded = Exclusion(unknown=True).test()
    assert [excluded(item) for item in (HOME, NODE, pod("p"))] == [True, False, True]
