"""Policy reports after any runs, whatever happens between them."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from builders import DEPLOYMENT, POD, record, unlisted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reporttrials import ALL, KEPT, WARNS, Trial, broken, foreign, pod, timeless
from storedreports import READS, nothing, status

from audit.errors import AuditError
from audit.kube.request import Reply, Request
from audit.model import ConstraintRecord
from audit.reports.bodies import APIS
from audit.reports.names import PREFIXED, UID
from audit.reports.results import ReportChoice
from constraints import Kind, ObjectRef


@given(random=st.randoms(use_true_random=False), data=st.sampled_from(range(12)))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_runs_the_reports_are_those_of_what_is_known(random: Random, data: int) -> None:
    choices = [ReportChoice(), ReportChoice(KEPT), ReportChoice(listing=False)]
    trial = Trial(choice=choices[data % 3], naming=(PREFIXED, UID)[data // 3 % 2], api=list(APIS)[data // 6])
    trial.server.put(APIS[trial.api].namespaced.plural, foreign("not-ours"))
    world = World(random, trial.choice.kept)
    for _ in range(random.randint(1, 8)):
        world.step()
        if random.random() < 0.3:
            trial.restart()
        faults = random.random() < 0.3
        if faults:
            _disturbed(trial, world, random)
        world.run(trial)
        assert timeless(trial) == timeless(world.afresh(trial))
        assert world.run(trial) == 0


def _disturbed(trial: Trial, world: World, random: Random) -> None:
    """A run that is killed at some request, or that finds the server broken."""
    left = random.randint(0, 6)
    kills, code = random.random() < 0.5, random.choice([409, 500, 403])

    def before(request: Request) -> Reply | None:
        nonlocal left
        if request.verb in READS and request.verb == "list":
            return None
        left -= 1
        if left >= 0:
            return None
        if kills:
            raise KeyboardInterrupt
        return status(code, "Conflict", "in the way")

    trial.server.before = before
    with suppress(AuditError, KeyboardInterrupt):
        world.run(trial)
    trial.server.before = nothing
    if kills:
        trial.restart()


class World:
    """Objects and constraints that change, and what is known of them: the slow way."""

    def __init__(self, random: Random, kept: frozenset[str]) -> None:
        self.random = random
        self.kept = kept
        self.objects: dict[ObjectRef, dict[str, list[str]]] = {}
        self.states = {each.key: "there" for each in ALL}
        self.hidden: set[Kind] = set()
        self.known: dict[ObjectRef, dict[str, list[str]]] = {}

    def step(self) -> None:
        """Some things change, and what can be seen is known from then on."""
        for _ in range(self.random.randint(0, 4)):
            number = self.random.randint(1, 6)
            item = pod(number, kind=(POD, DEPLOYMENT)[number % 2])
            if self.random.random() < 0.3:
                self.objects.pop(item, None)
            else:
                said = {each.key: self._texts() for each in ALL if self.random.random() < 0.7}
                self.objects[item] = said
        if self.random.random() < 0.4:
            self.states[self.random.choice(ALL).key] = self.random.choice(["there", "there", "broken", "gone"])
        self.hidden = {kind for kind in (POD, DEPLOYMENT) if self.random.random() < 0.2}
        self._learn()

    def run(self, trial: Trial) -> int:
        seen = {
            item: [(key, text) for key, texts in said.items() if self.states[key] == "there" for text in texts]
            for item, said in self.objects.items()
            if item.kind not in self.hidden
        }
        objects = {item: rows for item, rows in seen.items() if rows}
        others = [item for item, rows in seen.items() if not rows]
        gaps = tuple(unlisted(kind) for kind in sorted(self.hidden))
        return trial.run(objects, self._records(), others=others, gaps=gaps)

    def afresh(self, trial: Trial) -> Trial:
        """What a run that sees all that is known would write where there is nothing yet."""
        fresh = Trial(choice=trial.choice, naming=trial.naming, api=trial.api)
        fresh.server.put(APIS[trial.api].namespaced.plural, foreign("not-ours"))
        rows = {item: [(key, t) for key, texts in said.items() for t in texts] for item, said in self.known.items()}
        fresh.run({item: said for item, said in rows.items() if said}, map(record, ALL))
        return fresh

    def _texts(self) -> list[str]:
        return self.random.choice([[""], [""], ["bad"], ["bad", "worse"], ["odd"]])

    def _records(self) -> list[ConstraintRecord]:
        made = {"there": record, "broken": broken}
        return [made[state](each) for each in ALL if (state := self.states[each.key]) != "gone"]

    def _learn(self) -> None:
        now: dict[ObjectRef, dict[str, list[str]]] = {}
        for item in {*self.known, *self.objects}:
            for key, state in self.states.items():
                old = self.known.get(item, {}).get(key)
                new = self.objects.get(item, {}).get(key)
                blind = state == "broken" or item.kind in self.hidden
                said = None if state == "gone" else old if blind else new
                if said:
                    now.setdefault(item, {})[key] = said
        # Of an object without a report nothing is remembered.
        self.known = {item: said for item, said in now.items() if any(self._keeps(*row) for row in said.items())}

    def _keeps(self, key: str, texts: list[str]) -> bool:
        outcome = "warn" if key == WARNS.key else "fail"
        return any((outcome if text else "pass") in self.kept for text in texts)
