"""A command's own flags: rows of a dataclass, read by argparse."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from audit.errors import ConfigError
from audit.explain import ExplainFlags
from audit.gator.flags import GatorTestFlags
from audit.settings.commands import Command
from audit.settings.flagtypes import FlagType, time_limit
from audit.settings.rows import flag, operand, rows

WORD = FlagType("WORD", "a word", str)
WORDS = FlagType("WORD,...", "words", lambda text: tuple(text.split(",")), repeatable=True)
SWITCH = FlagType("BOOL", "yes or no", lambda text: text == "yes", bare=True)
LIMIT = FlagType("DURATION", "a duration", time_limit, otherwise="no duration")
COLOUR = FlagType("", "a colour", str.lower, choices=("red", "blue"))
COMMAND = Command("paint", "Paint a wall.", "examples:\n  patrol paint wall\n")


@dataclass(frozen=True, slots=True)
class Paint:
    """Flags of all sorts."""

    wall: str = operand("WALL", WORD, "what to paint")
    other: str = operand("OTHER", WORD, "another wall", optional=True)
    colour: str = flag("colour", "red", COLOUR, "in which colour", "-c")
    tools: tuple[str, ...] = flag("tool", (), WORDS, "with what", "PAINT_TOOLS")
    twice: bool = flag("twice", False, SWITCH, "two coats")
    drying: float = flag("drying", 2.0, LIMIT, "how long it dries")


def read(*arguments: str, **environ: str) -> Paint:
    return COMMAND.read(Paint(), arguments, environ)


def test_what_is_not_said_stays_as_it_is() -> None:
    assert read("north") == Paint(wall="north")


def test_each_flag_fills_the_field_of_its_row() -> None:
    said = ["north", "south", "-c", "BLUE", "--tool=brush,roller", "--tool", "brush", "--twice", "--drying=500ms"]
    assert read(*said) == Paint("north", "south", "blue", ("brush", "roller", "brush"), True, 0.5)
    assert read("north", "--twice=no").twice is False


def test_flags_add_to_what_the_environment_gives() -> None:
    assert read("north", "--tool=roller", PAINT_TOOLS="brush").tools == ("brush", "roller")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "the following arguments are required: WALL; see patrol paint --help", id="an operand"),
        pytest.param(
            ["north", "--drying=soon"],
            "argument --drying: 'soon' is no duration; see patrol paint --help",
            id="a value that the type refuses",
        ),
        pytest.param(
            ["north", "-c", "green"],
            "argument -c/--colour: invalid choice: 'green' (choose from 'red', 'blue'); see patrol paint --help",
            id="a value that is no choice",
        ),
        pytest.param(
            ["north", "--twic"], "unrecognized arguments: --twic; see patrol paint --help", id="an abbreviation"
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_the_words_of_argparse(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(*arguments)
    assert str(caught.value) == message


def test_help_shows_every_flag_and_operand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        read("--help")
    text = capsys.readouterr().out
    assert "Paint a wall." in text
    assert [row.help for _, row in rows(Paint) if row.help not in text] == []


@pytest.mark.parametrize("group", [GatorTestFlags, ExplainFlags])
def test_every_field_of_a_command_has_a_row(group: type[GatorTestFlags | ExplainFlags]) -> None:
    assert [place for place, _ in rows(group)] == [one.name for one in fields(group)]


@dataclass(frozen=True, slots=True)
class Mix:
    """A flag that takes two values, and one that the environment may set."""

    two: tuple[str, ...] = flag("two", (), FlagType("COLOUR", "a colour", lambda text: (text,), values=2), "both")
    place: str = flag("place", "here", WORD, "where", "PAINT_PLACE")


def test_a_flag_may_take_several_values_at_once() -> None:
    assert COMMAND.read(Mix(), ["--two", "red", "blue"], {}).two == ("red", "blue")
    assert COMMAND.read(Mix(), [], {}).two == ()
    with pytest.raises(ConfigError, match="expected 2 arguments"):
        COMMAND.read(Mix(), ["--two", "red"], {})


def test_the_environment_sets_a_flag_that_is_not_given() -> None:
    environ = {"PAINT_PLACE": "there"}
    assert COMMAND.read(Mix(), [], environ).place == "there"
    assert COMMAND.read(Mix(), ["--place", "elsewhere"], environ).place == "elsewhere"
    assert COMMAND.read(Mix(), [], {"PAINT_PLACE": ""}).place == "here"
