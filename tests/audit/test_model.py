"""What an audit is called."""

from __future__ import annotations

from audit.model import RunInfo

START = 1_795_216_641.0


def names(*starts: float) -> list[str]:
    runs: list[RunInfo] = []
    for start in starts:
        runs.append(RunInfo.at(start, runs[-1] if runs else None))
    return [run.audit_id[-9:] for run in runs]


def test_a_run_is_named_after_the_second_in_which_it_starts() -> None:
    assert RunInfo.at(START + 0.9).audit_id == "2026-11-20T23:17:21Z"
    assert names(START, START + 1, START + 60) == ["23:17:21Z", "23:17:22Z", "23:18:21Z"]


def test_runs_that_start_within_one_second_have_names_of_their_own() -> None:
    assert names(START, START + 0.2, START + 0.9, START + 1.5, START + 9) == [
        "23:17:21Z",
        "23:17:22Z",
        "23:17:23Z",
        "23:17:24Z",
        "23:17:30Z",
    ]


def test_a_clock_that_is_set_back_a_little_gives_no_name_twice_and_one_that_is_set_back_far_is_believed() -> None:
    assert names(START, START - 2, START - 3600) == ["23:17:21Z", "23:17:22Z", "22:17:21Z"]


def test_the_start_is_told_as_it_was() -> None:
    first = RunInfo.at(START)
    assert RunInfo.at(START + 0.5, first).started == START + 0.5
