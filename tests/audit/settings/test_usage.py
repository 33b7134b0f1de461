"""What help and README say of the flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.errors import ConfigError
from audit.settings.flags import FLAGS, GROUPS, IGNORED
from audit.settings.usage import BEGIN, END, flags_help, readme_section, with_section

README = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize(
    "choice",
    [
        "--log-violations all|none|changes",
        "--manage-crds auto|true|false",
        "--log-level-encoder lower|capital|color|capitalcolor",
        "--default-k8s-native-validation-failure-policy Fail|Ignore",
    ],
)
def test_help_names_what_can_be_chosen_and_so_does_the_readme(choice: str) -> None:
    name, choices = choice.split()
    assert f"  {choice}\n" in flags_help("run", "")
    (row,) = (line for line in readme_section().splitlines() if line.startswith(f"| `{name}`"))
    assert all(word in row for word in choices.split("|"))


def test_help_shows_every_flag_under_its_group() -> None:
    text = flags_help("run", "Audit.")
    for group, flags in GROUPS.items():
        section = text.partition(f"\n{group}:\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  --([\w-]+)", section, re.MULTILINE) == [flag.name for flag in flags]
    assert "PATROL_AUDIT_INTERVAL" in text


def test_the_section_names_every_flag_and_replaces_what_stood_there() -> None:
    text = with_section(f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n")
    assert text == f"# Title\n\n{readme_section()}\n\nrest\n"
    assert [flag.name for flag in FLAGS if f"`--{flag.name}`" not in text] == []
    assert text.count(IGNORED) == 1


def test_a_file_without_markers_is_refused() -> None:
    with pytest.raises(ConfigError, match="the markers <!-- flags --> and <!-- /flags --> are not there"):
        with_section("# Title\n")


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_section(text) == text, "run: python -m audit.settings.usage README.md"
