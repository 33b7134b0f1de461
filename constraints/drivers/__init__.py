"""Policy engines: each compiles the code of a template, for one constraint, to a function.

Three protocols, each of them whole: who stands in front of another one's driver, policy or program has all that it has,
and nobody is asked which kind of driver, policy or program it is. A new engine is a file beside this one and a row in
ENGINES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from constraints.dataclass import value
from constraints.drivers.cel import CelDriver
from constraints.drivers.rego import RegoDriver
from constraints.inventory import Inventory
from constraints.model import CEL, REGO, AdmissionField, Finding, Json
from constraints.rego.policy import Settings

Places = frozenset[tuple[Json, ...]]
"""Paths from the top of a review document, `*` for any key; what is below a path belongs to it.

A `?` at the end says that it is only asked whether there is something at the path.
"""

EVERYTHING: Final[Places] = frozenset({()})
"""The places of a program that may read anything."""


class Program(Protocol):
    """A compiled policy: a pure function of one review document (compatibility, section 8.1) and the inventory."""

    @property
    def reads(self) -> Places:
        """The places in the document that the answer may depend on; EVERYTHING where that cannot be told."""

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Sequence[Finding]:
        """What the policy finds. Each finding counts: a driver whose violations are a set gives equal ones once.

        Raises EvaluationError for errors that the policy's language defines, and for an evaluation that is stopped
        because it needs too much; both count as a violation. Anything else that it raises is a failure of the engine,
        which becomes a Gap.
        """

    def explain(self) -> str:
        """The Python that the policy became, for people to read; the empty text of one that is no Python of its own."""


class Policy(Protocol):
    """The code of one template, checked; it makes a Program for each constraint's parameters."""

    @property
    def integers(self) -> bool:
        """How it wants numbers: whether it tells integers from floats, so that what is a whole number must be an
        integer.

        Where it does not, 1 and 1.0 are the same to it, and documents may have either.
        """

    @property
    def admission_fields(self) -> Sequence[AdmissionField]:
        """What the code reads that only an admission request has, each field once, with its first place in the code."""

    def program(self, parameters: Json) -> Program:
        """The policy for one constraint; None is no parameters at all. Raises CompileError."""


class Driver(Protocol):
    """Compiles the code that templates have for one engine."""

    @property
    def engine(self) -> str:
        """The name in a template's `code[].engine`."""

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        """The policy of the template whose constraints are of `kind`; `source` is that of its code.

        Raises CompileError, with a position where there is one.
        """


@value
class DriverOptions:
    """What drivers are made with: `rego` for the Rego driver, None for its usual settings.

    `failure_policy` (Fail or Ignore) holds for templates in CEL that name none. `written`: numbers in details of Rego
    keep the text that OPA gives them.
    """

    rego: Settings | None = None
    failure_policy: str = "Fail"
    written: bool = False


ENGINES: Final[Mapping[str, Callable[[DriverOptions], Driver]]] = {
    CEL: lambda options: CelDriver(options.failure_policy),
    REGO: lambda options: RegoDriver(options.rego, written=options.written),
}
"""How to make the driver of each engine; the first one answers for a template that has code for several (compatibility,
section 1)."""
_USUAL: Final = DriverOptions()


def make_drivers(options: DriverOptions = _USUAL) -> dict[str, Driver]:
    """A driver for each of the ENGINES, by its name and in their order."""
    return {engine: make(options) for engine, make in ENGINES.items()}
