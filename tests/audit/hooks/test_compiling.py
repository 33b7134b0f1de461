"""A template that takes too long to compile is refused, wherever that is, and the next one is compiled as ever."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from answering import Answering
from policybuilders import REGO, constraint, template

from audit.cli import main
from audit.hooks.compiling import TimedDriver
from audit.hooks.depths import DeepDriver
from audit.hooks.engines import EngineOptions, engines
from constraints import Engine
from constraints.drivers import Policy, Program
from constraints.drivers.rego import RegoDriver
from constraints.errors import CompileError
from constraints.model import Json

SHORT = 0.1
TEXT = "compiling takes longer than 0.1 s (--template-timeout)"
MANY = 20_000
LONG: Mapping[str, str] = {
    "texts": "x := [" + "1, " * 2_000_000 + "1]",
    "keys": "x := {" + ", ".join(f'"k{i}": 1' for i in range(MANY)) + "}",
    "bodies": "violation[{}] {{ {} }}".format('{"msg": "m"}', "; ".join(f"x{i} := x{i + 1} + 1" for i in range(MANY))),
    "code": "\n".join(f'violation[{{"msg": "{i}"}}] {{ input.review.object.a{i} }}' for i in range(MANY // 4)),
}


class Endless(Answering):
    """A driver that comes to no end, in the template or in a constraint; it takes no failure for an answer."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__()
        self.at_once = at_once

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        if self.at_once:
            self._never()
        return self

    def program(self, parameters: Json) -> Program:
        self._never()
        return self

    def _never(self) -> None:
        while True:
            with suppress(Exception):
                sum(range(100))


class Swallowing(Endless):
    """One that is at first where Python ignores what is raised, and then takes what is raised for nothing, once."""

    def __init__(self) -> None:
        super().__init__(at_once=True)
        self.deleted = self.swallowed = 0

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        Deleted(self)
        while not self.swallowed:
            try:
                self._never()
            except BaseException:
                self.swallowed += 1
        return super().compile(kind, source)


class Deleted:
    """It takes its time to go."""

    def __init__(self, owner: Swallowing) -> None:
        self.owner = owner

    def __del__(self) -> None:
        end = time.thread_time() + 3 * SHORT
        while time.thread_time() < end:
            pass
        self.owner.deleted += 1


def engine(seconds: float = SHORT) -> Engine:
    return Engine(drivers={"Rego": TimedDriver(RegoDriver(), seconds)})


def compiled(rego: str) -> None:
    tried = engine()
    tried.add_template(template("Long", rego))
    tried.add_constraint(constraint(kind="Long"))


@pytest.mark.parametrize("what", LONG)
def test_what_takes_too_long_is_refused_with_its_place(what: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(f"{REGO}\n{LONG[what]}")
    assert caught.value.message == f"rego_compile_error: {TEXT}"
    assert caught.value.source == "Long/template"
    assert caught.value.span is not None
    assert caught.value.span.line > 1


@pytest.mark.parametrize("at_once", [True, False])
def test_what_has_no_end_is_ended_and_the_next_template_is_compiled(at_once: bool) -> None:
    timed = TimedDriver(Endless(at_once=at_once), SHORT)
    for _ in range(3):
        with pytest.raises(CompileError, match="--template-timeout"):
            timed.compile("K", {}).program({})
    tried = engine(60)
    tried.add_template(template())
    assert tried.add_constraint(constraint()).enforced


def test_a_short_limit_holds_while_longer_ones_are_watched() -> None:
    for seconds in (60, SHORT, 30, SHORT):
        limited = TimedDriver(Endless(at_once=False), seconds)
        policy = limited.compile("K", {})
        if seconds == SHORT:
            with pytest.raises(CompileError, match="--template-timeout"):
                policy.program({})


def test_what_python_or_a_driver_swallows_is_raised_again() -> None:
    driver = Swallowing()
    with pytest.raises(CompileError, match="--template-timeout"):
        TimedDriver(driver, SHORT, again=2 * SHORT).compile("K", {})
    assert (driver.deleted, driver.swallowed) == (1, 1)


def test_a_command_says_which_template_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [template("Long", f"{REGO}\n{LONG['code']}"), constraint(kind="Long"), template(), constraint()]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(documents))
    assert main(["test", "--template-timeout", "100ms", "-f", str(tmp_path)]) == 1
    assert TEXT in capsys.readouterr().err


def test_without_a_limit_nothing_stands_in_front_of_the_engines() -> None:
    untimed = engines(EngineOptions(template_timeout=0))
    assert not any(isinstance(one.driver, TimedDriver) for one in untimed.values() if isinstance(one, DeepDriver))
    assert all(isinstance(one, DeepDriver) and isinstance(one.driver, TimedDriver) for one in engines().values())
