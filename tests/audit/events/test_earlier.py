"""What is news to whoever reads Events, when a process has just started or leads again."""

from __future__ import annotations

from typing import Any

from builders import POD, constraint, page, record, summary, violation

from audit.aggregate import KindStats
from audit.events.earlier import Earlier, News
from audit.fields import status_entry
from audit.ledger import Changes, Ledger
from audit.model import ConstraintRecord, RunInfo

ONE = constraint("one")
BEFORE, NOW, LATER = (RunInfo.at(1_795_216_641.0 + 60 * number) for number in range(3))


def changes(*names: str, ledger: Ledger | None = None, info: RunInfo = NOW) -> Changes:
    """What a Ledger says of a run that found these Pods."""
    ledger, found = ledger or Ledger(), [violation(ONE, name) for name in names]
    ledger.start(info)
    ledger.page(page(*found))
    return ledger.end(summary(record(ONE), info=info, found=found, kinds={POD: KindStats(POD)}))


def of_status(*names: str, total: int | None = None, at: RunInfo = BEFORE, **more: Any) -> ConstraintRecord:
    """A constraint whose status lists these Pods."""
    entries = [status_entry(violation(ONE, name)) for name in names]
    number = len(entries) if total is None else total
    return record(ONE, auditTimestamp=at.audit_id, violations=entries, totalViolations=number, **more)


def told(news: News) -> tuple[list[str], int, int]:
    return [known.object.name for known in news.new], news.known, news.doubtful.total()


def test_where_nobody_has_audited_before_everything_is_new() -> None:
    assert told(Earlier.of([record(ONE)], "").news(changes("a", "b"))) == (["a", "b"], 0, 0)


def test_what_the_status_lists_is_no_news_after_a_restart_and_what_it_does_not_list_is() -> None:
    assert told(Earlier.of([of_status("a")], "").news(changes("a", "b"))) == (["b"], 1, 0)


def test_where_the_status_lists_only_a_part_nobody_knows_what_of_the_others_is_new() -> None:
    news = Earlier.of([of_status("a", total=3)], "").news(changes("a", "b", "c"))
    assert told(news) == ([], 1, 2)
    assert news.doubtful == {ONE.key: 2}


def test_a_process_that_has_audited_last_trusts_what_it_remembers() -> None:
    ledger = Ledger()
    changes("a", ledger=ledger)
    later = changes("b", ledger=ledger, info=LATER)
    news = Earlier.of([of_status("a", total=1000, at=NOW)], NOW.audit_id).news(later)
    assert told(news) == (["b"], 0, 0)
    assert [known.object.name for known in news.gone] == ["a"]


def test_a_status_that_could_not_be_written_last_time_hides_nothing() -> None:
    assert told(Earlier.of([of_status("a", at=BEFORE)], NOW.audit_id).news(changes("a", "b"))) == (["a", "b"], 0, 0)


def test_a_replica_that_leads_again_does_not_repeat_what_another_one_told_meanwhile() -> None:
    ledger = Ledger()
    changes("a", ledger=ledger, info=BEFORE)
    news = Earlier.of([of_status("b", at=NOW)], BEFORE.audit_id).news(changes("b", "c", ledger=ledger, info=LATER))
    assert told(news) == (["c"], 1, 0)
    assert (news.gone, news.known_gone) == ((), 1)


def test_a_long_message_is_known_by_its_beginning() -> None:
    ledger, long = Ledger(), violation(ONE, "a", message="é" * 500)
    ledger.start(NOW)
    ledger.page(page(long))
    found = ledger.end(summary(record(ONE), info=NOW, found=[long]))
    listed = record(ONE, auditTimestamp=BEFORE.audit_id, violations=[status_entry(long)], totalViolations=1)
    assert told(Earlier.of([listed], "").news(found)) == ([], 1, 0)


def test_a_status_that_makes_no_sense_lists_nothing() -> None:
    odd = record(ONE, auditTimestamp=["x"], violations={"a": 1}, totalViolations="many")
    assert told(Earlier.of([odd], "").news(changes("a"))) == ([], 0, 1)
