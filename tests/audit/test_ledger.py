"""What is remembered of violations, and what a run changes in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from benchmarks.remembered import bytes_of_each
from builders import POD, SERVICE, constraint, page, pods, record, summary, unlisted, violation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.aggregate import KindStats
from audit.ledger import NO_CHANGES, Changes, Known, Ledger, Why
from audit.model import RunInfo
from audit.verdicts import Reviewed, Verdict, identity
from constraints import Cause, Constraint, Gap, Kind, ObjectRef, Violation

ONE, TWO = constraint("one", kinds=pods("Pod")), constraint("two")
RUNS = [RunInfo.at(1_795_216_641.0 + 60 * number) for number in range(100)]


@dataclass
class Trial:
    """Runs over a ledger, one after the other."""

    ledger: Ledger = field(default_factory=Ledger)
    runs: int = 0

    def run(
        self, *found: Violation, of: Iterable[Constraint] = (ONE, TWO), others: tuple[str, ...] = (), **more: Any
    ) -> Changes:
        info = RUNS[self.runs]
        self.runs += 1
        self.ledger.start(info)
        self.ledger.page(replace(page(*found), others=others))
        kinds = {POD: KindStats(POD)}
        return self.ledger.end(summary(*map(record, of), info=info, found=found, **{"kinds": kinds, **more}))


def counts(changes: Changes) -> tuple[int, int, int, dict[str, int]]:
    return changes.new, changes.standing, changes.stale, {why.value: n for why, n in changes.resolved.items()}


def names(known: Iterable[Known]) -> list[str]:
    return sorted(f"{each.constraint.partition('/')[2]} {each.object.name}" for each in known)


def test_a_violation_was_seen_first_by_the_run_that_found_it_or_now() -> None:
    trial, known, new = Trial(), violation(ONE, "a"), violation(ONE, "b")
    trial.run(known)
    trial.run(known)
    trial.ledger.start(RUNS[2])
    assert [trial.ledger.first(each) for each in (known, new)] == [RUNS[0].audit_id, RUNS[2].audit_id]


def test_what_was_not_there_before_is_new_and_stands_after() -> None:
    trial, first, second = Trial(), violation(ONE, "a"), violation(ONE, "b")
    assert counts(trial.run(first)) == (1, 0, 0, {})
    changes = trial.run(first, second)
    assert counts(changes) == (1, 1, 0, {})
    assert (names(changes.each_new()), names(changes.each_standing())) == (["one b"], ["one a"])
    [known] = changes.each_standing()
    assert (known.first, known.last) == (RUNS[0].audit_id, RUNS[1].audit_id)
    assert (known.message, known.action, known.object.namespace) == ("a is wrong", "deny", "ns")


def test_another_text_is_another_violation_and_the_same_text_twice_is_one() -> None:
    trial = Trial()
    assert counts(trial.run(violation(ONE), violation(ONE))) == (1, 0, 0, {})
    ref = violation(ONE).object
    both = Verdict(ref, None, (ONE.key,), (violation(ONE), violation(ONE, message="more"), violation(ONE)))
    trial.ledger.start(RUNS[5])
    trial.ledger.page(Reviewed(POD, (both,)))
    assert counts(trial.ledger.end(summary(record(ONE), info=RUNS[5]))) == (1, 1, 0, {})


def test_what_is_resolved_says_why() -> None:
    trial = Trial()
    trial.run(*(violation(ONE, name) for name in "abc"), violation(TWO, "d"))
    clean = Verdict(ObjectRef(POD, "ns", "a"), None, (ONE.key,))
    trial.ledger.start(RUNS[1])
    trial.ledger.page(Reviewed(POD, (clean,), others=(identity("ns", "b", ""),)))
    changes = trial.ledger.end(summary(record(ONE), info=RUNS[1], kinds={POD: KindStats(POD)}))
    assert {each.object.name: each.why for each in changes.each_resolved()} == {
        "a": Why.OBJECT_MENDED,
        "b": Why.OBJECT_MENDED,  # it is there, and no constraint matches it
        "c": Why.OBJECT_GONE,
        "d": Why.CONSTRAINT_GONE,
    }
    assert counts(changes) == (0, 0, 0, {"object_mended": 2, "object_gone": 1, "constraint_gone": 1})


def test_an_object_or_a_constraint_that_was_made_anew_is_another_one() -> None:
    trial, anew = Trial(), constraint("one", uid="another")
    old = violation(ONE)
    trial.run(old)
    fresh = replace(old, object=replace(old.object, uid="new"))
    assert counts(trial.run(fresh)) == (1, 0, 0, {"object_gone": 1})
    of_anew = replace(fresh, constraint=anew)
    assert counts(trial.run(of_anew, of=[anew])) == (1, 0, 0, {"constraint_gone": 1})


def test_a_constraint_that_takes_another_kind_now_has_nothing_against_the_old_one() -> None:
    trial, narrowed = Trial(), constraint("one", kinds=pods("Service"))
    trial.run(violation(ONE))
    assert counts(trial.run(of=[narrowed], kinds={})) == (0, 0, 0, {"object_mended": 1})


@pytest.mark.parametrize(
    "gap",
    [
        pytest.param(unlisted(POD), id="its kind could not be listed"),
        pytest.param(Gap(Cause.EVALUATION, "EvaluationTimeout", "x", policy=ONE.key), id="there was no time for it"),
        pytest.param(
            Gap(Cause.EVALUATION, "Failed", "x", POD, ObjectRef(POD, "ns", "p"), ONE.key), id="it failed at the object"
        ),
    ],
)
def test_what_could_not_be_seen_stands_and_is_stale_until_it_is_seen_again(gap: Gap) -> None:
    trial = Trial()
    trial.run(violation(ONE))
    for _ in range(2):
        changes = trial.run(gaps=(gap,))
        assert counts(changes) == (0, 0, 1, {})
        [known] = changes.each_stale()
        assert (known.first, known.last) == (RUNS[0].audit_id, RUNS[0].audit_id)
    assert counts(trial.run(violation(ONE))) == (0, 1, 0, {})
    trial.run(gaps=(gap,))
    assert counts(trial.run()) == (0, 0, 0, {"object_gone": 1})


def test_a_constraint_that_cannot_be_enforced_keeps_what_is_known() -> None:
    trial = Trial()
    trial.run(violation(ONE))
    trial.ledger.start(RUNS[1])
    assert counts(trial.ledger.end(summary(replace(record(ONE), constraint=None), info=RUNS[1]))) == (0, 0, 1, {})


def test_a_run_that_did_not_come_to_its_end_changes_nothing() -> None:
    trial = Trial()
    trial.run(violation(ONE))
    trial.ledger.start(RUNS[1])
    trial.ledger.page(page(violation(ONE, "other")))
    trial.runs = 2
    assert counts(trial.run(violation(ONE))) == (0, 1, 0, {})


def test_it_knows_what_was_there_before_the_present_run() -> None:
    trial, known, new = Trial(), violation(ONE, "a"), violation(ONE, "b")
    trial.run(known)
    trial.ledger.start(RUNS[1])
    trial.ledger.page(page(known, new))
    assert [trial.ledger.knows(each) for each in (known, new, violation(TWO, "a"))] == [True, False, False]


def test_numbers_of_constraints_that_are_gone_are_given_up() -> None:
    trial = Trial()
    for number in range(50):
        one = constraint("one", uid=str(number))
        trial.run(violation(one), of=[one])
    assert len(trial.ledger._rules) == len(trial.ledger._numbers) == 1


def test_without_a_ledger_there_are_no_changes() -> None:
    assert (counts(NO_CHANGES), list(NO_CHANGES.each_new())) == ((0, 0, 0, {}), [])


OBJECTS = [ObjectRef(kind, "ns", name, uid) for kind in (POD, SERVICE) for name in "ab" for uid in "12"]
CONSTRAINTS = [constraint(name, uid=uid) for name in ("x", "y") for uid in "12"]


@dataclass(frozen=True)
class Seen:
    """One audit: what is broken, which constraints there are, and which kinds could not be listed."""

    broken: frozenset[tuple[int, int, str]]  # constraint, object, text
    there: frozenset[int]  # objects
    constraints: frozenset[int]
    unlisted: frozenset[Kind]
    blind: frozenset[int]  # constraints that had no time

    def sees(self, fact: tuple[int, int, str]) -> bool:
        of, item, _ = fact
        return item in self.there and of in self.constraints and not self.hides(of, item)

    def hides(self, of: int, item: int) -> bool:
        return OBJECTS[item].kind in self.unlisted or of in self.blind


AUDITS = st.builds(
    Seen,
    st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 7), st.sampled_from(["m", "n"])), max_size=12),
    st.frozensets(st.integers(0, 7)),
    st.frozensets(st.integers(0, 3)),
    st.frozensets(st.sampled_from([POD, SERVICE]), max_size=1),
    st.frozensets(st.integers(0, 3), max_size=1),
)


def pages(seen: Seen) -> list[Reviewed]:
    """A page for each kind."""
    result = []
    for kind in {POD, SERVICE} - seen.unlisted:
        verdicts, others = [], []
        for item in sorted(seen.there):
            ref = OBJECTS[item]
            facts = [fact for fact in sorted(seen.broken) if fact[1] == item and seen.sees(fact)]
            found = tuple(Violation(CONSTRAINTS[of], ref, text, {}, "deny") for of, _, text in facts)
            if ref.kind == kind and (found or item % 2):
                verdicts.append(Verdict(ref, None, (), found))
            elif ref.kind == kind:
                others.append(identity(ref.namespace, ref.name, ref.uid))
        result.append(Reviewed(kind, tuple(verdicts), others=tuple(others)))
    return result


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(AUDITS, max_size=8))
def test_changes_are_those_that_comparing_complete_results_gives(audits: list[Seen]) -> None:
    ledger, known = Ledger(), set[tuple[int, int, str]]()
    for info, seen in zip(RUNS, audits, strict=False):
        records = tuple(record(CONSTRAINTS[of]) for of in sorted(seen.constraints))
        gaps = [unlisted(kind) for kind in seen.unlisted]
        gaps += [Gap(Cause.EVALUATION, "EvaluationTimeout", "x", policy=CONSTRAINTS[of].key) for of in seen.blind]
        blind = {of for of in range(4) if CONSTRAINTS[of].key in {gap.policy for gap in gaps}}
        seen = replace(seen, blind=frozenset(blind))
        ledger.start(info)
        for each in pages(seen):
            ledger.page(each)
        changes = ledger.end(summary(*records, info=info, gaps=tuple(gaps)))
        found = {fact for fact in seen.broken if seen.sees(fact)}
        stale = {fact for fact in known - found if fact[0] in seen.constraints and seen.hides(*fact[:2])}
        resolved = known - found - stale
        assert told(changes.each_new()) == expected(found - known)
        assert told(changes.each_standing()) == expected(found & known)
        assert told(changes.each_stale()) == expected(stale)
        assert told(changes.each_resolved()) == expected(resolved)
        assert counts(changes)[:3] == (len(found - known), len(found & known), len(stale))
        assert Counter(changes.resolved) == Counter(why_of(fact, seen) for fact in resolved)
        known = found | stale


def told(known: Iterable[Known]) -> Counter[tuple[str, str]]:
    return Counter((each.constraint, f"{each.object} {each.object.uid} {each.message}") for each in known)


def expected(facts: Iterable[tuple[int, int, str]]) -> Counter[tuple[str, str]]:
    return Counter((CONSTRAINTS[of].key, f"{OBJECTS[at]} {OBJECTS[at].uid} {text}") for of, at, text in facts)


def why_of(fact: tuple[int, int, str], seen: Seen) -> Why:
    if fact[0] not in seen.constraints:
        return Why.CONSTRAINT_GONE
    return Why.OBJECT_MENDED if fact[1] in seen.there else Why.OBJECT_GONE


def test_a_violation_takes_less_than_250_bytes_beside_its_texts() -> None:
    assert bytes_of_each(20_000) < 250
