"""Templates in Rego, compiled and asked by the driver alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.errors import CompileError
from constraints.inventory import EMPTY, Inventory
from constraints.model import Finding
from constraints.rego.builtins import Capabilities
from constraints.rego.builtins.outside import Outside
from constraints.rego.policy import STACK, Settings

DRIVER = RegoDriver()


def able(*, budget: int = 1 << 40, outside: Outside | None = None, stack: int = STACK, **names: set[str]) -> RegoDriver:
    """A driver with `disabled` or `enabled` builtins."""
    capabilities = Capabilities(**{which: frozenset(given) for which, given in names.items()})
    return RegoDriver(Settings(capabilities.builtins(), outside or Outside(), budget, stack=stack))


def findings(
    rego: str,
    review: Any = None,
    *,
    parameters: Any = None,
    inventory: Inventory = EMPTY,
    driver: RegoDriver = DRIVER,
    **source: Any,
) -> list[Finding]:
    """What a template says for one review."""
    program = driver.compile("Probe", {"rego": rego, **source}).program(parameters or {})
    return list(program(review or {}, inventory))


def messages(rego: str, review: Any = None, **more: Any) -> list[str]:
    """The messages of `findings`, in their order."""
    return [finding.message for finding in findings(rego, review, **more)]


def message(body: str, review: Any = None, **more: Any) -> list[str]:
    """The messages of a template with one rule."""
    return messages(f'package probe\nviolation[{{"msg": msg}}] {{ {body} }}', review, **more)


def refusal(rego: str, driver: RegoDriver = DRIVER, **source: Any) -> str:
    """Why a template is refused."""
    with pytest.raises(CompileError) as caught:
        driver.compile("Probe", {"rego": rego, **source})
    return str(caught.value)


@contextmanager
def little_stack(places: int) -> Iterator[None]:
    """Only so many calls of Python go into each other from here: rows need not be as long to be longer than that."""
    before, frame, depth = sys.getrecursionlimit(), sys._getframe(), 0
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth + places)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


ECHO = 'package probe\nviolation[{"msg": "m", "details": input.review.value}] { true }'
