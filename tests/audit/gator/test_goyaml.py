"""YAML as gator writes it; every row was asked of `gator test -o yaml`."""

from __future__ import annotations

from typing import Any

import pytest

from audit.gator.goyaml import block, flow, ordered, wholes


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("plain text", "plain text", id="plain"),
        pytest.param("", '""', id="nothing"),
        pytest.param("yes", '"yes"', id="an old boolean"),
        pytest.param("null", '"null"', id="null"),
        pytest.param("1.5e3", '"1.5e3"', id="a number"),
        pytest.param("0o14", '"0o14"', id="an octal"),
        pytest.param("12:30", '"12:30"', id="base 60"),
        pytest.param("2001-01-01", '"2001-01-01"', id="a date"),
        pytest.param("v1.2", "v1.2", id="a version"),
        pytest.param("with: colon", "'with: colon'", id="a colon and a space"),
        pytest.param("a:b", "a:b", id="a colon alone"),
        pytest.param("- dash", "'- dash'", id="a dash"),
        pytest.param("-", "'-'", id="only a dash"),
        pytest.param("#hash", "'#hash'", id="a hash"),
        pytest.param("*", "'*'", id="a star"),
        pytest.param("!tag", "'!tag'", id="a tag"),
        pytest.param("it's: so", "'it''s: so'", id="an apostrophe inside quotes"),
        pytest.param('a "b"', 'a "b"', id="quotes inside"),
        pytest.param(" leading", "' leading'", id="a space before"),
        pytest.param("tab\there", '"tab\\there"', id="a tab"),
        pytest.param("é \U0001f600", '"é \\U0001F600"', id="beyond the first plane"),
        pytest.param("\x01\x7f", '"\\x01\\x7F"', id="control characters"),
        pytest.param("=", "=", id="an equals sign"),
    ],
)
def test_a_string_in_a_block(text: str, written: str) -> None:
    assert "".join(block(text, 4)) == f" {written}\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(
            {"a": 1000000, "b": [1.5, None, True]}, "{a: 1e+06, b: [1.5, null, true]}", id="numbers and words"
        ),
        pytest.param(
            {"a": "x:y", "b": "x,y", "c": ""}, "{a: 'x:y', b: 'x,y', c: \"\"}", id="more is quoted than in a block"
        ),
        pytest.param({"a": "x\ny"}, '{a: "x\\ny"}', id="lines are escaped"),
        pytest.param({}, "{}", id="empty"),
        pytest.param({"k" * 129: []}, f"{{? {'k' * 129} : []}}", id="a long key"),
    ],
)
def test_flow(value: Any, written: str) -> None:
    assert flow(value) == written


def test_a_block_indents_as_gator_does() -> None:
    value = {
        "list": [{"name": "a", "deep": ["x", ["y", "z"]]}, "word\nline\n"],
        "empty": {},
        "text": "one\n  two\n\nthree",
        "kept": "x\n\n",
        "k" * 129: {"a": 1},
    }
    assert "".join(block(value, 0)) == (
        "\nempty: {}\n"
        "kept: |+\n    x\n\n"
        f"? {'k' * 129}\n:   a: 1\n"
        "list:\n"
        "    - deep:\n"
        "        - x\n"
        "        - - \"y\"\n"
        "          - z\n"
        "      name: a\n"
        "    - |\n"
        "      word\n"
        "      line\n"
        "text: |-\n    one\n      two\n\n    three\n"
    )  # fmt: skip


def test_keys_are_ordered_with_numbers_by_their_value() -> None:
    keys = ["a10", "a2", "a", "B", "_x", "1", "10", "9", "a-b", "a1b", "a01", "Z"]
    assert ordered(dict.fromkeys(keys)) == ["_x", "1", "9", "10", "B", "Z", "a", "a-b", "a1b", "a01", "a2", "a10"]


def test_whole_numbers_of_a_constraint_have_the_fewest_digits_that_go_writes() -> None:
    numbers = [-9223372036854774784, -(2**63), 123456789012345678, 1e6, 1e19, 1.5]
    written = "[-9223372036854775000, -9.223372036854776e+18, 123456789012345680, 1000000, 1e+19, 1.5]"
    assert flow(wholes(numbers)) == written
