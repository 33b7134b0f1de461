"""`patrol results`: what is shown, what is chosen, how it is printed, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import DEPLOYMENT, constraint, record, unlisted, violation
from resultfiles import BEGAN, rewritten, written

from audit.cli import main
from audit.model import Outcome
from constraints import Cause, Gap

OWNER, LIMITS = constraint("owner"), constraint("limits", kind="K8sLimits", action="warn", actions=("warn",))
RECORDS = (record(OWNER), record(LIMITS))
HOSTILE = '=HYPERLINK("http://x")\x1b[31m\x9b2J\u202e\nnext'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runs, a minute apart: `old` is resolved, `new` is new."""
    stays = [violation(OWNER, "web", DEPLOYMENT, namespace="shop"), violation(LIMITS, "db", namespace="data")]
    written(tmp_path / "r", [*stays, violation(LIMITS, "old")], *RECORDS)
    written(tmp_path / "r", [*stays, violation(OWNER, "new", message="no owner")], *RECORDS, at=BEGAN + 60)
    return tmp_path / "r"


@pytest.fixture
def results(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; gives the exit code, what it printed and what it said on stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["results", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_the_latest_run_is_shown_as_a_table(folder: Path, results: Any) -> None:
    code, out, err = results("--results-dir", folder)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "ACTION  CONSTRAINT        OBJECT                    MESSAGE",
        "deny    K8sTest/owner     Deployment.apps shop/web  web is wrong",
        "warn    K8sLimits/limits  Pod data/db               db is wrong",
        "deny    K8sTest/owner     Pod ns/new                no owner",
        "",
        "3 violations of 2 constraints in 3 objects of 1 kind, run 2026-11-20T23:18:21Z",
    ]


@pytest.mark.parametrize(
    "run",
    [
        "previous",
        "2026-11-20T23:17:21Z",
        "2026-11-20T23-17-21Z",
        "run-2026-11-20T23-17-21Z",
        "run-2026-11-20T23-17-21Z.jsonl",
    ],
)
def test_a_run_has_several_names(folder: Path, results: Any, run: str) -> None:
    assert "Pod ns/old" in results("--results-dir", folder, "--run", run)[1]
    assert "Pod ns/old" in results("-f", folder / "run-2026-11-20T23-17-21Z.jsonl")[1]


def test_the_folder_may_be_told_by_the_environment(folder: Path, results: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATROL_RESULTS_DIR", str(folder))
    assert results()[0] == 0


def test_a_run_that_is_not_there_is_told_with_those_that_are(folder: Path, results: Any) -> None:
    assert results("--results-dir", folder, "--run", "2026-11-20T20:00:00Z") == (
        1,
        "",
        f"patrol: {folder}: no run 2026-11-20T20:00:00Z; "
        "there are run-2026-11-20T23-18-21Z.jsonl, run-2026-11-20T23-17-21Z.jsonl\n",
    )


def test_of_two_runs_of_one_second_neither_is_taken_for_the_other(folder: Path, results: Any) -> None:
    written(folder, [], *RECORDS)
    code, _, err = results("--results-dir", folder, "--run", "2026-11-20T23:17:21Z")
    assert (code, "several runs began then" in err) == (1, True)


def test_what_changed_is_shown(folder: Path, results: Any) -> None:
    assert results("--results-dir", folder, "--diff", "previous", "latest")[1].splitlines() == [
        "CHANGE    ACTION  CONSTRAINT        OBJECT      MESSAGE",
        "new       deny    K8sTest/owner     Pod ns/new  no owner",
        "resolved  warn    K8sLimits/limits  Pod ns/old  old is wrong",
        "",
        "1 new, 1 resolved, 2 standing, 0 stale from run 2026-11-20T23:17:21Z to run 2026-11-20T23:18:21Z",
    ]


def test_files_anywhere_can_be_compared(folder: Path, results: Any) -> None:
    code, out, _ = results("--diff", *sorted(folder.glob("run-*")), "--change=standing", "-o", "json")
    told = json.loads(out)
    assert [(row["change"], row["resource_name"]) for row in told["changes"]] == [
        *(("standing", "web"), ("standing", "db"))
    ]
    assert (code, told["counts"]) == (0, {"new": 1, "resolved": 1, "standing": 2, "stale": 0})


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("-n shop", ["web"]),
        ("--namespace shop,data", ["web", "db"]),
        ("-n shop -n ns", ["web", "new"]),
        ("--kind deployment", ["web"]),
        ("--kind Deployment.apps", ["web"]),
        ("--kind Deployment.batch", []),
        ("--constraint K8sTest", ["web", "new"]),
        ("--constraint k8slimits/limits", ["db"]),
        ("--constraint limits", ["db"]),
        ("--action warn", ["db"]),
        ("--text OWNER", ["new"]),
        ("--text wrong --namespace data", ["db"]),
    ],
)
def test_violations_can_be_chosen(folder: Path, results: Any, flags: str, names: list[str]) -> None:
    told = json.loads(results("--results-dir", folder, "-o", "json", *flags.split())[1])
    assert [row["resource_name"] for row in told["violations"]] == names
    assert told["counts"] == {"shown": len(names)}
    assert told["runs"][0]["end"]["violations"] == 3


def test_the_actions_of_scoped_constraints_are_found(tmp_path: Path, results: Any) -> None:
    of = constraint("s", action="scoped", actions=("warn", "deny"))
    path = written(tmp_path / "r", [violation(of, actions=("warn", "deny"))], record(of))
    assert len(json.loads(results("-f", path, "--action=deny", "-o", "json")[1])["violations"]) == 1


def test_violations_are_counted(folder: Path, results: Any) -> None:
    assert results("--results-dir", folder, "--count-by", "constraint")[1].splitlines() == [
        *("CONSTRAINT        VIOLATIONS", "K8sTest/owner              2", "K8sLimits/limits           1")
    ]
    _, out, _ = results("--results-dir", folder, "--diff", "previous", "latest", "--count-by", "namespace", "-o", "csv")
    assert out.splitlines() == ["namespace,new,resolved,stale", "ns,1,1,0"]
    assert json.loads(results("--results-dir", folder, "--count-by", "kind", "-o", "json")[1]) == [
        *({"kind": "Pod", "violations": 2}, {"kind": "Deployment.apps", "violations": 1})
    ]


def test_json_tells_all_that_the_file_does(folder: Path, results: Any) -> None:
    path = written(folder, [violation(OWNER, message="x" * 300)], *RECORDS, at=BEGAN + 120, gaps=(unlisted(),))
    told = json.loads(results("-f", path, "-o", "json")[1])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    (run,) = told["runs"]
    assert [run["start"], *told["violations"], *run["gaps"], *run["constraints"], run["end"]] == rows


def test_a_run_that_is_not_complete_says_so(folder: Path, results: Any) -> None:
    written(folder, [violation(OWNER)], *RECORDS, at=BEGAN + 120, gaps=(unlisted(),))
    assert results("--results-dir", folder)[1].splitlines()[-2:] == [
        "Run 2026-11-20T23:19:21Z is not complete: gaps: 1 gap: list Forbidden",
        "    list Forbidden: v1/Pod: could not be listed",
    ]


def test_a_run_that_was_not_written_everywhere_is_not_called_incomplete(folder: Path, results: Any) -> None:
    gap = Gap(Cause.SINK, "Forbidden", "sink events: not allowed")
    written(folder, [violation(OWNER)], *RECORDS, at=BEGAN + 120, gaps=(gap,))
    assert results("--results-dir", folder)[1].splitlines()[-2:] == [
        "Run 2026-11-20T23:19:21Z is not written everywhere: sink events: not allowed",
        "    sink Forbidden: sink events: not allowed",
    ]


def test_a_run_that_did_not_end_is_not_the_latest_but_can_be_named(folder: Path, results: Any) -> None:
    path = written(folder, [], *RECORDS, at=BEGAN + 120, cut=Outcome.FAILED)
    assert "run 2026-11-20T23:18:21Z" in results("--results-dir", folder)[1]
    assert "is not complete: failed" in results("--results-dir", folder, "--run", path.name)[1]


def test_nothing_hostile_reaches_a_terminal(tmp_path: Path, results: Any) -> None:
    found = violation(OWNER, HOSTILE, namespace="\x1b]0;title\x07", message=HOSTILE)
    path = written(tmp_path / "r", [found], *RECORDS, gaps=(unlisted(reason="\x1b[2J"),))
    for output in ("table", "json", "csv"):
        for more in ([], ["--count-by", "object"]):
            out = results("-f", path, "-o", output, *more)[1]
            assert [c for c in out if not c.isprintable() and c != "\n"] == []
    assert "\ufffd[31m\ufffd2J\ufffd next" in results("-f", path)[1]
    assert json.loads(results("-f", path, "-o", "json")[1])["violations"][0]["msg"] == HOSTILE


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\uff1d1"])
def test_no_cell_of_a_spreadsheet_is_a_formula(tmp_path: Path, results: Any, text: str) -> None:
    path = written(tmp_path / "r", [violation(OWNER, message=text, details={"a": 1})], *RECORDS)
    (row,) = csv.DictReader(io.StringIO(results("-f", path, "-o", "csv")[1]))
    assert (row["message"], row["details"]) == (f"'{text}", '{"a":1}')


def test_a_broken_file_is_told_with_its_line(folder: Path, results: Any) -> None:
    path = rewritten(folder / "run-2026-11-20T23-17-21Z.jsonl", 3, resource_kind=1)
    code, _, err = results("-f", path)
    assert (code, err) == (1, f"patrol: {path}: line 3: resource_kind is 1, not a text\n")
    assert results("--diff", path, path)[0] == 1


def test_details_that_nest_too_deep_are_an_error_and_no_crash(folder: Path, results: Any) -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    path = rewritten(folder / "run-2026-11-20T23-17-21Z.jsonl", 2, details=deep)
    code, _, err = results("-f", path, "-o", "csv")
    assert (code, "cannot be shown as JSON" in err) == (1, True)
    assert results("-f", path)[0] == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", "which results?"),
        ("--diff latest", "expected 2 arguments"),
        ("--diff a b -f c", "--diff takes files where runs stand"),
        ("--diff a -", "standard input cannot be one of them"),
        ("-f a --change new", "--change is for --diff"),
        ("-f a --run b", "--run names a run of --results-dir"),
        ("--diff a b --change gone", "'gone' is not among new, resolved, standing, stale"),
        ("-f a -o yaml", "invalid choice: 'yaml'"),
        ("-f a --count-by colour", "invalid choice: 'colour'"),
    ],
)
def test_flags_that_make_no_sense_are_wrong_use(results: Any, flags: str, said: str) -> None:
    code, out, err = results(*flags.split())
    assert (code, out) == (2, "")
    assert said in err


def test_standard_input_may_be_a_file_of_results(folder: Path) -> None:
    call = [sys.executable, "-m", "audit", "results", "-f", "-", "-n", "data"]
    with (folder / "latest").open("rb") as file:
        done = subprocess.run(call, stdin=file, capture_output=True, text=True, timeout=30, check=True)
    assert "1 of 3 violations" in done.stdout


@pytest.mark.program("bash")
def test_whoever_reads_may_leave(folder: Path) -> None:
    path = written(folder, [violation(OWNER, f"p{number}") for number in range(5000)], *RECORDS, at=BEGAN + 120)
    call = f"{sys.executable} -m audit results -f {path} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_large_file_is_shown_in_little_memory(tmp_path: Path, output: str) -> None:
    small, large = written(tmp_path / "r", [violation(OWNER)], *RECORDS), tmp_path / "large.jsonl"
    start, found, *others, end = small.read_text().splitlines(keepends=True)
    many = end.replace('"violations":1,', '"violations":30000,')
    large.write_text("".join([start, *[found] * 30_000, *others, many]))
    code = (
        "import resource, sys; from audit.cli import main\n"
        "main(['results', '-f', sys.argv[1], '-o', sys.argv[2]])\n"
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    )

    def peak(path: Path) -> int:
        """KiB."""
        call = [sys.executable, "-c", code, str(path), output]
        done = subprocess.run(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=True)
        return int(done.stderr)

    assert os.path.getsize(large) > 15 << 20
    assert peak(large) < peak(small) + (6 << 10)
