from __future__ import annotations

from typing import Any

import pytest

from audit.hooks.engines import EngineOptions, engines
from constraints import Inventory
from constraints.errors import CompileError


def messages(body: str, options: EngineOptions) -> list[str]:
    """What a template with one rule says."""
    source: dict[str, Any] = {"rego": f'package probe\nviolation[{{"msg": msg}}] {{ {body} }}'}
    program = engines(options)["Rego"].compile("Probe", source).program({})
    return [finding.message for finding in program({}, Inventory.of([]))]


def test_cel_answers_before_rego_unless_it_is_turned_off() -> None:
    assert list(engines()) == ["K8sNativeValidation", "Rego"]
    assert list(engines(EngineOptions(native_validation=False))) == ["Rego"]


def test_policies_know_the_clock_and_chance() -> None:
    body = 'time.now_ns() > 1700000000000000000; x := rand.intn("a", 10); x < 10; msg := "now"'
    assert messages(body, EngineOptions()) == ["now"]


def test_builtins_are_taken_away_and_allowed() -> None:
    with pytest.raises(CompileError, match="undefined function upper"):
        messages('msg := upper("x")', EngineOptions(disabled_builtins=("upper",)))
    lookup = 'net.lookup_ip_addr("localhost")[_] == "127.0.0.1"; msg := "known"'
    with pytest.raises(CompileError, match=r"undefined function net\.lookup_ip_addr"):
        messages(lookup, EngineOptions())
    assert messages(lookup, EngineOptions(enabled_builtins=("net.lookup_ip_addr",))) == ["known"]


def test_prints_are_erased_unless_somebody_listens() -> None:
    body = 'print("said", input.absent); msg := "m"'
    heard: list[str] = []
    assert messages(body, EngineOptions()) == ["m"]
    assert messages(body, EngineOptions(say=heard.append)) == ["m"]
    assert heard == ["said <undefined>"]
