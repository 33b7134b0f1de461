"""Files of runs that are opened by name while others come and go."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import constraint, record, violation
from resultfiles import BEGAN, written

from audit.errors import ResultsError
from audit.results.runs import file_of, opened_together

OWNER = constraint("owner")
PAIR = ("previous", "latest")


class Rotating:
    """Finds files, and behind each of the first times writes one more run, of which two are kept."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder = folder
        self.left = times
        self.runs = 0
        self.write()
        self.write()

    def write(self) -> None:
        written(self.folder, [violation(OWNER)], record(OWNER), at=BEGAN + self.runs, keep=2)
        self.runs += 1

    def find(self, folder: str, run: str) -> str:
        found = file_of(folder, run)
        if self.left:
            self.left -= 1
            self.write()
        return found


def ids(folder: Rotating) -> list[str]:
    with opened_together(str(folder.folder), PAIR, folder.find) as files:
        return [file.audit_id[-3:-1] for file in files]


@pytest.mark.parametrize("times", range(1, 12))
def test_two_runs_are_the_last_ones_of_one_moment_however_often_files_rotate(tmp_path: Path, times: int) -> None:
    folder = Rotating(tmp_path, times)
    last = 21 + folder.runs + times - 1
    assert ids(folder) == [str(last - 1), str(last)]


def test_what_is_opened_can_be_read_when_it_is_deleted(tmp_path: Path) -> None:
    folder = Rotating(tmp_path, 0)
    with opened_together(str(tmp_path), PAIR) as files:
        folder.write()
        folder.write()
        assert [len(list(file.violations())) for file in files] == [1, 1]


def test_a_file_that_stays_away_is_told(tmp_path: Path) -> None:
    away = tmp_path / "away"
    with pytest.raises(ResultsError, match="away: No such file"), opened_together("", [str(away)], lambda _, run: run):
        pass


def test_names_that_mean_other_files_each_time_come_to_an_end(tmp_path: Path) -> None:
    folder = Rotating(tmp_path, 1000)
    with pytest.raises(ResultsError, match="No such file"):
        ids(folder)
