"""Namespaces that were not listed are got one by one, and what cannot be got is said."""

from __future__ import annotations

import pytest
from storedcluster import NAMESPACES, StoredCluster, resource

from audit.model import Lost
from audit.policies.namespaces import ASKED_FOR, FAILURES, Namespaces
from audit.policies.reading import Reader

NAMESPACE = resource("v1", "Namespace", "namespaces")


@pytest.fixture
def stored() -> StoredCluster:
    made = StoredCluster()
    made.put(NAMESPACES, {"metadata": {"name": "old"}})
    return made


def read(stored: StoredCluster) -> Namespaces:
    return Namespaces.read(Reader(stored.client, [NAMESPACE], 500))


def asked(stored: StoredCluster) -> list[str]:
    """The Namespaces that were asked for by name."""
    by_list = [dict(request.query).get("fieldSelector", "") for request in stored.asked if request.verb == "list"]
    names = [request.path.rpartition("/")[2] for request in stored.asked if request.verb == "get"]
    return names + [selector.partition("=")[2] for selector in by_list if selector]


def test_one_that_was_made_after_the_list_is_asked_for_once(stored: StoredCluster) -> None:
    known = read(stored)
    stored.put(NAMESPACES, {"metadata": {"name": "new", "labels": {"team": "a"}}})
    for _ in range(3):
        found = known.missing("new")
        assert not isinstance(found, Lost)
        assert found["metadata"]["labels"] == {"team": "a"}
    assert (sorted(known.listed), asked(stored)) == (["old"], ["new"])


def test_the_newest_state_is_asked_for_not_what_a_server_may_remember(stored: StoredCluster) -> None:
    read(stored)
    assert [dict(request.query).keys() & {"resourceVersion", "resourceVersionMatch"} for request in stored.asked] == [
        set()
    ]


def test_where_they_cannot_be_listed_none_of_the_last_run_is_believed(stored: StoredCluster) -> None:
    stored.refused_verbs = {"list"}
    known = read(stored)
    assert known.listed == {}
    found = known.missing("old")
    assert not isinstance(found, Lost)
    assert found["metadata"]["name"] == "old"


def test_who_may_list_need_not_be_let_get(stored: StoredCluster) -> None:
    known = read(stored)
    stored.put(NAMESPACES, {"metadata": {"name": "new"}})
    stored.refused_verbs = {"get"}
    found = known.missing("new")
    assert not isinstance(found, Lost)
    assert found["metadata"]["name"] == "new"


def test_one_that_is_not_there_is_lost_and_says_so(stored: StoredCluster) -> None:
    assert read(stored).missing("gone") == Lost("there is none of that name; it may have been deleted meanwhile")


def test_what_cannot_be_read_is_lost_with_the_reason_and_the_rest_is_not_tried_for_ever(stored: StoredCluster) -> None:
    stored.refused_verbs = {"list", "get"}
    known = read(stored)
    lost = [known.missing(f"n{number}") for number in range(FAILURES + 2)]
    assert lost[0] == Lost("GET /api/v1/namespaces/n0: 403 Forbidden: on request")
    assert lost[FAILURES:] == [Lost(f"{FAILURES} others in a row could not be read, so it was not asked for")] * 2
    assert asked(stored)[:FAILURES] == [f"n{number}" for number in range(FAILURES)]


def test_a_run_asks_for_so_many_at_most(stored: StoredCluster) -> None:
    known = read(stored)
    lost = [known.missing(f"n{number}") for number in range(ASKED_FOR + 1)]
    assert lost[-1] == Lost(f"more than {ASKED_FOR} are missing from the list, so it was not asked for")
