"""Builtins that ask the evaluation: the clock and UUIDs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from constraints.rego.builtins import BUILTINS, BuiltinError
from constraints.rego.builtins.outside import Outside


@dataclass
class Query:
    """A query's context with a clock that goes on and chance that repeats nothing."""

    outside: Outside
    memory: dict[Any, Any] = field(default_factory=dict)


def query() -> Query:
    ticks, seeds = count(1_700_000_000_000_000_000), count()
    return Query(Outside(now=lambda: next(ticks), entropy=lambda size: bytes([next(seeds)] * size)))


def test_a_query_has_one_time() -> None:
    context = query()
    now = BUILTINS["time.now_ns"].run
    assert now(context) == now(context) == 1_700_000_000_000_000_000


def test_a_key_has_one_uuid_in_a_query() -> None:
    context = query()
    make = BUILTINS["uuid.rfc4122"].run
    first, other = make(context, "a"), make(context, "b")
    assert first == make(context, "a") != other
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)


def test_without_a_clock_there_is_no_time() -> None:
    with pytest.raises(BuiltinError, match="no clock"):
        BUILTINS["time.now_ns"].run(Query(Outside()))
