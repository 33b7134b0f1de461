"""The policy engines of this process: what a configuration says of them, and the hooks that they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from audit.hooks.compiling import TimedDriver
from audit.hooks.depths import DeepDriver
from audit.hooks.outside import outside
from audit.hooks.timekeeping import TimeLimits, Watchdog
from constraints import Engine
from constraints.dataclass import value
from constraints.drivers import Driver, DriverOptions, make_drivers
from constraints.model import CEL
from constraints.rego.builtins import Capabilities, families
from constraints.rego.policy import Settings
from constraints.rego.runtime.context import BUDGET

GUARDED: Final = tuple(sorted(families.GUARDED))
"""The builtins that policies may call only where they are enabled."""


@value
class EngineOptions:
    """Rego builtins that are refused, or allowed beyond the usual; steps of one evaluation.

    `template_timeout`: seconds that compiling a template may take, and each of its constraints; 0 is no limit. `limits`
    are those of the time that policies may take to be evaluated.
    `native_validation`: CEL is evaluated, with `failure_policy` (Fail or Ignore) where a template names none.
    `written`: numbers in details keep the text that OPA gives them.
    `say` hears what policies print; without it calls of `print` are erased, as Gatekeeper erases them.
    """

    disabled_builtins: tuple[str, ...] = ()
    enabled_builtins: tuple[str, ...] = ()
    budget: int = BUDGET
    template_timeout: float = 2.0
    limits: TimeLimits = TimeLimits()
    say: Callable[[str], None] | None = None
    native_validation: bool = True
    failure_policy: str = "Fail"
    written: bool = False


DEFAULTS = EngineOptions()


def engines(options: EngineOptions = DEFAULTS) -> dict[str, Driver]:
    """The drivers by the name of their engine; the first one answers for a template that has code for both."""
    able = Capabilities(frozenset(options.disabled_builtins), frozenset(options.enabled_builtins))
    settings = Settings(able.builtins(), outside(options.say or _unheard), options.budget, options.say is not None)
    known = make_drivers(DriverOptions(settings, options.failure_policy, options.written))
    if not options.native_validation:
        del known[CEL]
    limit = options.template_timeout
    return {engine: DeepDriver(TimedDriver(driver, limit) if limit else driver) for engine, driver in known.items()}


def empty_engine(options: EngineOptions = DEFAULTS) -> Engine:
    """An engine for an audit, without policies; somebody sees to the time of its evaluations."""
    return Engine(drivers=engines(options), timekeeper=Watchdog(options.limits))


def _unheard(text: str) -> None:
    """For calls that are erased."""
