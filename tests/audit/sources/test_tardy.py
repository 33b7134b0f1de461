"""Patience with kinds that could not be listed."""

from __future__ import annotations

from audit.kube.lister import Patience
from audit.sources.tardy import Tardy
from constraints import Kind

POD, NODE = Kind("", "v1", "Pod"), Kind("", "v1", "Node")
USUAL = Patience(page=60.0, kind=300.0)


def test_what_failed_the_last_time_gets_little_time_until_it_is_listed_again() -> None:
    tardy = Tardy()
    assert (POD in tardy, tardy.patience(POD, USUAL)) == (False, USUAL)
    tardy.failed(POD)
    assert (POD in tardy, tardy.patience(POD, USUAL), tardy.patience(NODE, USUAL)) == (True, Patience(10, 10), USUAL)
    tardy.listed(POD)
    assert (POD in tardy, tardy.patience(POD, USUAL)) == (False, USUAL)


def test_what_may_only_be_slow_gets_all_its_time_now_and_then() -> None:
    tardy = Tardy()
    given = []
    for _ in range(25):
        given.append(tardy.patience(POD, USUAL).page)
        tardy.failed(POD)
    assert [run for run, page in enumerate(given) if page == 60.0] == [0, 10, 20]


def test_nothing_gets_more_time_than_usual() -> None:
    tardy = Tardy()
    tardy.failed(POD)
    assert tardy.patience(POD, Patience(3.0, 5.0)) == Patience(3.0, 5.0)
