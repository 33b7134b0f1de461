"""`--stats`: what each template's code took for each object, in the words of Gatekeeper's Rego driver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from audit.gator.report import TARGET
from constraints.dataclass import dataclass
from constraints.drivers import Driver, Places, Policy, Program
from constraints.inventory import Inventory
from constraints.model import AdmissionField, Finding, Json

_LABELS: Final = (("TracingEnabled", False), ("PrintEnabled", False), ("target", TARGET))


@dataclass(slots=True)
class Meter:
    """Nanoseconds and constraints asked, for each template, since they were last taken."""

    clock: Callable[[], int] = time.perf_counter_ns
    _spent: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def drivers(self, drivers: Mapping[str, Driver]) -> Mapping[str, Driver]:
        """The same drivers, with this meter in front."""
        return {engine: _Metered(driver, self) for engine, driver in drivers.items()}

    def add(self, kind: str, engine: str, nanoseconds: int) -> None:
        """One constraint of the template of `kind` has been asked."""
        spent = self._spent.setdefault((kind, engine), [0, 0])
        spent[0] += nanoseconds
        spent[1] += 1

    def take(self) -> Iterator[dict[str, Json]]:
        """An entry for each template that was asked; begins anew."""
        spent, self._spent = self._spent, {}
        for (kind, engine), (nanoseconds, count) in sorted(spent.items()):
            stats = (("templateRunTimeNS", nanoseconds), ("constraintCount", count))
            source = {"type": "engine", "value": engine}
            yield {
                "scope": "template",
                "statsFor": kind,
                "stats": [{"name": name, "value": value, "source": source} for name, value in stats],
                "labels": [{"name": name, "value": value} for name, value in _LABELS],
            }


class _Metered:
    def __init__(self, driver: Driver, meter: Meter) -> None:
        self.engine = driver.engine
        self._driver, self._meter = driver, meter

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        policy = self._driver.compile(kind, source)
        return _MeteredPolicy(
            policy, lambda nanoseconds: self._meter.add(kind, self.engine, nanoseconds), self._meter.clock
        )


@dataclass(frozen=True, slots=True)
class _MeteredPolicy:
    policy: Policy
    add: Callable[[int], None]
    clock: Callable[[], int]

    @property
    def integers(self) -> bool:
        """What the policy itself says."""
        return self.policy.integers

    @property
    def admission_fields(self) -> Sequence[AdmissionField]:
        """What the policy itself says."""
        return self.policy.admission_fields

    def program(self, parameters: Json) -> Program:
        """Raises CompileError."""
        return _MeteredProgram(self.policy.program(parameters), self.add, self.clock)


@dataclass(frozen=True, slots=True)
class _MeteredProgram:
    program: Program
    add: Callable[[int], None]
    clock: Callable[[], int]

    @property
    def reads(self) -> Places:
        """What the program itself says."""
        return self.program.reads

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Sequence[Finding]:
        """What the program itself finds, and how long that took is added."""
        began = self.clock()
        try:
            return self.program(review, inventory)
        finally:
            self.add(self.clock() - began)

    def explain(self) -> str:
        """What the program itself says."""
        return self.program.explain()
