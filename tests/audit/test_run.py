"""One run, from pages to sinks."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from builders import POD, constraint, record, summary, unlisted
from saying import PODS, engine, pod

from audit.aggregate import Phase, Summary
from audit.exclusion import Exclusion
from audit.ledger import Changes, Ledger, Why
from audit.model import KindEnd, Lost, Outcome, Page, Resource, RunInfo
from audit.reviewing import Rules
from audit.run import Past, Prepared, Work, run
from audit.verdicts import Reviewed
from constraints import Cause, Engine, Gap, Kind, Violation

EVENTS = Resource(Kind("events.k8s.io", "v1", "Event"), "events", True)


@dataclass
class ListSink:
    """Remembers what it heard."""

    name: str = "list"
    phase: Phase = "log"
    started: list[RunInfo] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    finished: list[Summary] = field(default_factory=list)

    def start(self, info: RunInfo) -> None:
        self.started.append(info)

    def page(self, reviewed: Reviewed) -> None:
        self.violations.extend(reviewed.violations())

    def finish(self, summary: Summary, changes: Changes) -> None:
        self.finished.append(summary)


@dataclass
class Items:
    """A source that gives prepared items."""

    items: list[Any]

    def pages(self) -> Iterator[Any]:
        yield from self.items


def prepared(source: Any, of: Engine | None = None, missing: Any = None, **more: Any) -> Prepared:
    """Work for a run; a Namespace that is not known has no labels."""
    return Prepared(Work(source, Rules(of or engine(), **more), missing or (lambda name: {"metadata": {"name": name}})))


def play(
    items: list[Any], of: Engine | None = None, stopping: Callable[[], Outcome | None] = lambda: None, **more: Any
) -> ListSink:
    sink = ListSink()
    run(lambda: prepared(Items(items), of, **more), [sink], summary(), Past(), stopping)
    return sink


def test_every_sink_hears_the_start_every_violation_and_the_end() -> None:
    sink = play([Page(PODS, [pod("a", ["one", "two"]), pod("b", ["three"])])])
    assert [v.message for v in sink.violations] == ["one", "two", "three"]
    assert (len(sink.started), len(sink.finished)) == (1, 1)
    assert sink.finished[0].totals == {"K8sSay/say-0": 3}


class Full(ListSink):
    """One that cannot write a violation that says `four`."""

    def page(self, reviewed: Reviewed) -> None:
        for violation in reviewed.violations():
            if violation.message == "four":
                raise OSError(28, "No space left on device")
            self.violations.append(violation)


def test_a_sink_that_fails_in_the_middle_of_a_page_loses_that_page_at_most_and_the_others_lose_nothing() -> None:
    said = (["one", "two"], ["three", "four", "five"], ["six"])
    pages = [Page(PODS, [pod(str(at), texts)]) for at, texts in enumerate(said)]
    full, other = Full(name="full"), ListSink()
    ended = run(lambda: prepared(Items(pages)), [full, other], summary(), Past(), lambda: None)
    assert [v.message for v in full.violations] == ["one", "two", "three", "six"]
    assert (len(other.violations), ended.totals) == (6, {"K8sSay/say-0": 6})
    (gap,) = ended.gaps
    assert (gap.cause, gap.message) == (
        Cause.SINK,
        "sink full: No space left on device; 3 violations did not reach it",
    )


@dataclass
class NamedOnly:
    """A sink that has forgotten its phase, and all else."""

    name: str = "export"


@pytest.mark.parametrize(
    ("sink", "gap"),
    [
        pytest.param(
            ListSink("export", "flush"),  # type: ignore[arg-type]  # that is the mistake
            "sink export: its phase 'flush' is none of list, decode, match, evaluate, log, write",
            id="a phase that there is not",
        ),
        pytest.param(NamedOnly(), "sink export: 'NamedOnly' object has no attribute 'phase'", id="no phase"),
        pytest.param(object(), "sink object: 'object' object has no attribute 'name'", id="no name"),
    ],
)
def test_whatever_is_wrong_with_a_sink_is_a_gap_and_the_others_go_on(sink: Any, gap: str) -> None:
    other = ListSink()
    pages = Items([Page(PODS, [pod("a", ["one"])])])
    ended = run(lambda: prepared(pages), [sink, other], summary(), Past(), lambda: None)
    assert ended.gaps[0].message == gap + "; 1 violation did not reach it"
    assert (len(other.violations), len(other.finished)) == (1, 1)


def test_what_a_source_could_not_give_travels_with_the_results() -> None:
    sink = play([unlisted(POD), Page(PODS, [pod("a", ["one"])])])
    assert (sink.finished[0].gaps, len(sink.violations)) == ((unlisted(POD),), 1)


def test_a_failed_evaluation_is_a_violation_as_in_gatekeeper_and_is_counted() -> None:
    sink = play([Page(PODS, [pod("a", "fail"), pod("b", ["one"])])])
    assert [(v.message, v.details) for v in sink.violations] == [
        ("template:3: eval_conflict_error: two answers", None),
        ("one", {}),
    ]
    assert sink.finished[0].errors == {"K8sSay/say-0": 1}


def test_a_crash_of_a_policy_is_a_gap_that_names_policy_and_object_and_the_rest_goes_on() -> None:
    sink = play([Page(PODS, [pod("a", "crash"), pod("b", ["one"])])])
    (gap,) = sink.finished[0].gaps
    assert (gap.policy, str(gap.object), len(sink.violations)) == ("K8sSay/say-0", "v1/Pod ns/a", 1)
    assert "division by zero" in gap.message


def test_excluded_objects_are_not_reviewed_but_counted() -> None:
    pages = [Page(PODS, [pod("a", ["one"], namespace="left-out"), pod("b", ["two"])])]
    stats = play(pages, exclusion=Exclusion(("left-*",))).finished[0].kinds[POD]
    assert (stats.objects, stats.excluded, stats.violations) == (2, 1, 1)


def test_namespace_selectors_see_the_labels_of_the_namespace() -> None:
    selecting = engine({"namespaceSelector": {"matchLabels": {"team": "a"}}})
    known = {"ns": {"metadata": {"name": "ns", "labels": {"team": "a"}}}}
    assert len(play([Page(PODS, [pod("a", ["one"])])], selecting, namespaces=known).violations) == 1


def test_an_unknown_namespace_is_a_gap_and_neither_a_violation_nor_silence() -> None:
    selecting = engine({"namespaceSelector": {"matchLabels": {"team": "a"}}})
    sink = play(
        [Page(PODS, [pod("a", ["one"]), pod("b", ["one"])]), Page(PODS, [pod("c")])],
        selecting,
        missing=lambda name: Lost("no right"),
    )
    assert (sink.violations, [g.reason for g in sink.finished[0].gaps]) == ([], ["NamespaceUnknown"])


def test_a_namespace_that_was_not_listed_is_asked_for_where_an_answer_depends_on_it() -> None:
    asked: list[str] = []

    def missing(name: str) -> Any:
        asked.append(name)
        return {"metadata": {"name": name, "labels": {"team": "a"}}}

    selecting = engine({"namespaceSelector": {"matchLabels": {"team": "a"}}})
    pages = [Page(PODS, [pod("a", ["one"]), pod("b", ["two"], namespace=""), pod("c", ["three"], namespace=7)])]
    assert [v.message for v in play(pages, selecting, missing=missing).violations] == ["one", "two", "three"]
    assert asked == ["ns"]
    other = engine({"kinds": [{"kinds": ["Node"]}], "namespaceSelector": {}})
    play([Page(PODS, [pod("a", ["one"])])], other, missing=missing)
    assert asked == ["ns"]


def test_objects_that_two_groups_serve_count_once() -> None:
    both = {"kinds": [{"apiGroups": ["", "events.k8s.io"], "kinds": ["Event"]}]}
    second = {"kinds": [{"apiGroups": ["events.k8s.io"], "kinds": ["Event"]}]}
    event = pod("e", ["one"]) | {"apiVersion": "events.k8s.io/v1", "kind": "Event"}
    sink = play([Page(EVENTS, [event], alias_of=Kind("", "v1", "Event"))], engine(both, second))
    assert [v.constraint.name for v in sink.violations] == ["say-1"]


def test_pages_and_seconds_are_counted_by_kind() -> None:
    sink = play([Page(PODS, [pod("a")]), Page(PODS, [pod("b")]), KindEnd(PODS, 1.5, 2)])
    stats = sink.finished[0].kinds[POD]
    assert (stats.objects, stats.pages, stats.list_seconds) == (2, 2, 1.5)


def test_a_source_that_ends_because_of_the_stop_leaves_a_part() -> None:
    answers = iter([None, None, Outcome.INTERRUPTED])
    sink = play([Page(PODS, [pod("a", ["x"])])], stopping=lambda: next(answers))
    assert sink.finished[0].cut is Outcome.INTERRUPTED


def test_a_stop_ends_the_run_after_the_page_in_work() -> None:
    answers = iter([None, None, Outcome.NOT_LEADER, Outcome.NOT_LEADER])
    sink = play([Page(PODS, [pod(n, ["x"])]) for n in "abc"], stopping=lambda: next(answers))
    assert (len(sink.violations), sink.finished[0].cut) == (2, Outcome.NOT_LEADER)


def test_a_run_that_is_told_to_stop_before_it_begins_reads_nothing() -> None:
    sink = ListSink()

    def forbidden() -> Prepared:
        raise AssertionError("nothing is to be read any more")

    summed = run(forbidden, [sink], summary(), Past(), lambda: Outcome.INTERRUPTED)
    assert [(each.cut, each.mistake) for each in (*sink.finished, summed)] == [(Outcome.INTERRUPTED, None)] * 2


def test_sinks_are_finished_even_when_the_policies_cannot_be_read() -> None:
    sink = ListSink()

    def unreadable() -> Prepared:
        raise OSError("no route to host")

    summed = run(unreadable, [sink], summary(), Past(), lambda: None)
    assert (len(sink.started), sink.finished[0].cut) == (1, Outcome.FAILED)
    assert str(summed.mistake) == "no route to host"


def test_what_ends_the_process_ends_the_run_only_after_the_sinks_were_finished() -> None:
    sink = ListSink()

    def leaving() -> Prepared:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(leaving, [sink], summary(), Past(), lambda: None)
    assert sink.finished[0].cut is Outcome.FAILED


def test_what_one_sink_could_not_do_is_known_to_the_next_and_in_the_end() -> None:
    class Full(ListSink):
        def finish(self, summary: Summary, changes: Changes) -> None:
            raise OSError(28, "No space left on device")

    last = ListSink()
    summed = run(lambda: prepared(Items([])), [Full(), last], summary(), Past(), lambda: None)
    assert [g.message for g in last.finished[0].gaps] == ["sink list: No space left on device"]
    assert summed.gaps == last.finished[0].gaps


def test_what_could_not_be_read_before_comes_before_what_comes_with_the_pages() -> None:
    first, last = Gap(Cause.CONFIG, "InvalidConfig", "x"), ListSink()
    before = replace(prepared(Items([unlisted(POD)])), gaps=(first,), records=(record(constraint()),))
    summed = run(lambda: before, [last], summary(), Past(), lambda: None)
    assert (summed.gaps, summed.records) == ((first, unlisted(POD)), before.records)


def test_with_a_ledger_sinks_hear_what_has_changed_and_of_a_part_nothing() -> None:
    past, policies = Past(ledger=Ledger()), engine()
    records = tuple(map(record, policies.constraints.values()))
    told: list[tuple[int, int, dict[Why, int]]] = []

    class Listening(ListSink):
        def finish(self, summary: Summary, changes: Changes) -> None:
            told.append((changes.new, changes.standing, dict(changes.resolved)))

    outcomes = iter([*[None] * 6, None, None, Outcome.INTERRUPTED, *[None] * 3])
    for at, says in enumerate((["one"], ["one", "two"], [], ["two"])):
        pages = [Page(PODS, [pod("a", says)])]
        before = replace(prepared(Items(pages), policies), records=records)
        info = RunInfo.at(100.0 + at)
        run(lambda before=before: before, [Listening()], summary(info=info), past, lambda: next(outcomes))  # type: ignore[misc]
    assert told == [(1, 0, {}), (1, 1, {}), (0, 0, {}), (0, 1, {Why.OBJECT_MENDED: 1})]


def test_the_objects_of_a_page_are_gone_when_the_next_one_is_made() -> None:
    class Kept(dict[str, Any]):
        """An object that can be watched."""

    watched: list[weakref.ref[Kept]] = []
    alive: list[int] = []

    class Watching(Items):
        def pages(self) -> Iterator[Any]:
            for number in range(4):
                alive.append(sum(ref() is not None for ref in watched))
                page = Page(PODS, [Kept(pod(f"p{number}", ["one"]))])
                watched.append(weakref.ref(page.objects[0]))  # type: ignore[arg-type]
                yield page
                del page

    run(lambda: prepared(Watching([])), [ListSink()], summary(), Past(), lambda: None)
    assert alive == [0, 0, 0, 0]
