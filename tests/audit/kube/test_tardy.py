"""Patience with kinds that could not be listed."""

from __future__ import annotations

from audit.kube.tardy import Patience, Tardy
from constraints import Kind

POD, NODE = Kind("", "v1", "Pod"), Kind("", "v1", "Node")
USUAL = Patience(page=60.0, kind=300.0)


def test_what_failed_the_last_time_gets_little_time_until_it_is_listed_again() -> None:
    tardy = Tardy(USUAL)
    assert (POD in tardy, tardy.patience(POD)) == (False, USUAL)
    tardy.failed(POD)
    assert (POD in tardy, tardy.patience(POD), tardy.patience(NODE)) == (True, Patience(10, 10), USUAL)
    tardy.listed(POD)
    assert (POD in tardy, tardy.patience(POD)) == (False, USUAL)


def test_what_may_only_be_slow_gets_all_its_time_now_and_then() -> None:
    tardy = Tardy(USUAL)
    given = []
    for _ in range(25):
        given.append(tardy.patience(POD).page)
        tardy.failed(POD)
    assert [run for run, page in enumerate(given) if page == 60.0] == [0, 10, 20]


def test_nothing_gets_more_time_than_usual() -> None:
    tardy = Tardy(Patience(3.0, 5.0))
    tardy.failed(POD)
    assert tardy.patience(POD) == Patience(3.0, 5.0)


def test_the_time_for_a_kind_is_as_configured_and_that_for_a_page_no_longer_than_a_server_tries() -> None:
    assert [Patience.of(seconds) for seconds in (5, 300)] == [Patience(5, 5), Patience(60, 300)]
    assert Patience.of(0).kind > 1e9
