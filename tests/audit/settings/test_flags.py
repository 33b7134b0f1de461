"""The table of flags."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from audit.settings.arguments import parse
from audit.settings.flags import BY_NAME, FLAGS, GROUPS
from audit.settings.flagtypes import LIFETIME
from audit.settings.rows import AnyFlag, spelled

EVERY_FLAG = [pytest.param(flag, id=flag.name) for flag in FLAGS]


@pytest.mark.parametrize("flag", EVERY_FLAG)
def test_every_flag_can_be_set_by_its_variable(flag: AnyFlag) -> None:
    wanted = {"operation": "audit", "enable-opa-builtin": "http.send"}.get(flag.name, spelled(flag.default))
    values = parse([], {flag.variable: wanted or "something"})
    assert values.given == {flag.name: flag.variable}


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("86400", 86400), ("90s", 90), ("12h", 43200), ("30d", 2_592_000)]
)
def test_a_time_to_live_is_in_seconds_hours_or_days(text: str, seconds: int) -> None:
    assert LIFETIME.read(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1.5h", "30 d", "1w", "d", "9999999999"])
def test_another_time_to_live_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        LIFETIME.read(text)


@pytest.mark.parametrize("flag", EVERY_FLAG)
def test_every_default_is_a_value_that_the_flag_accepts(flag: AnyFlag) -> None:
    if flag.default in ("", ()) or flag.name == "operation":
        assert flag.type.expected
    else:
        assert flag.type.read(spelled(flag.default)) == flag.default


def test_names_and_variables_are_used_once_and_groups_are_known() -> None:
    names = Counter(flag.name for flag in FLAGS)
    variables = Counter(flag.variable for flag in FLAGS)
    assert [name for name, times in (names + variables).items() if times > 1] == []
    assert sum(map(len, GROUPS.values())) == len(FLAGS) == len(BY_NAME)


def test_every_flag_has_a_sentence() -> None:
    assert [flag.name for flag in FLAGS if not flag.help] == []
