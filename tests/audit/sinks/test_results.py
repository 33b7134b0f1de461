"""Files of whole runs: what is in them, and what is left of them when something goes wrong."""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import constraint, page, record, settled, summary, unlisted, violation
from resultfiles import lines, written

from audit.errors import ResultsError
from audit.ledger import NO_CHANGES
from audit.model import Outcome
from audit.results.archive import Archive
from audit.run import Past, Prepared, run
from audit.sinks.guard import GuardedSink
from audit.sinks.results import ResultsSink
from constraints.model import Cause

ONE = record(constraint("one"))
INFO = summary().info


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may become larger, as on a disk that is full."""
    import signal

    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_run_is_a_file_whose_lines_have_the_names_of_the_log(folder: Path) -> None:
    path = written(folder, [violation(ONE.constraint, "a")], ONE, gaps=(unlisted(),), passes={ONE.key: 4})
    start, found, gap, total, end = lines(path)
    assert path.name == "run-2026-11-20T23-17-21Z.jsonl"
    assert {line["audit_id"] for line in lines(path)} == {"2026-11-20T23:17:21Z"}
    assert (start["event_type"], start["format"], start["version"]) == ("audit_started", "kube-patrol-results", 1)
    assert (found["event_type"], found["constraint_name"], found["msg"]) == ("violation_audited", "one", "a is wrong")
    assert (gap["event_type"], gap["gap_reason"], gap["resource_kind"]) == ("audit_gap", "Forbidden", "Pod")
    assert (total["event_type"], total["violations"], total["passes"]) == ("constraint_audited", 1, 4)
    assert (end["event_type"], end["outcome"], end["violations"], end["ended"]) == (
        *("audit_finished", "gaps", 1),
        "2026-11-20T23:17:24.100Z",
    )


def test_all_violations_are_there_whatever_a_status_keeps(folder: Path) -> None:
    found = [violation(ONE.constraint, f"p{number}") for number in range(50)]
    path = written(folder, found, ONE, limit=2)
    assert [line["resource_name"] for line in lines(path) if "resource_uid" in line] == [f"p{n}" for n in range(50)]


def test_a_message_is_there_cut_as_in_the_log_and_whole(folder: Path) -> None:
    short, long = "é" * 128, "é" * 129
    path = written(folder, [violation(ONE.constraint, message=text) for text in (short, long)], ONE)
    first, second = (line for line in lines(path) if line["event_type"] == "violation_audited")
    assert (first["msg"], "full_message" in first) == (short, False)
    assert (second["msg"], second["full_message"]) == ("é" * 126 + "...", long)


def test_what_has_no_place_in_json_is_written_in_another_way(folder: Path) -> None:
    odd = violation(ONE.constraint, message="half \ud800", details={"n": 2**70, "x": float("nan")})
    path = written(folder, [odd], ONE)
    assert (lines(path)[1]["msg"], lines(path)[1]["details"]) == ("half �", {"n": str(2**70), "x": None})


def test_objects_themselves_are_never_written(folder: Path) -> None:
    """Neither of what is audited, nor of policies: a constraint's copy that kubectl keeps in an annotation is left
    out.
    """
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "hunter2", "mine": "kept"}
    of = constraint("one", annotations=copy, obj={"spec": "hunter2"}, parameters={"password": "hunter2"})
    path = written(folder, [violation(of)], record(of, secret="hunter2"))
    assert "hunter2" not in path.read_text()
    assert lines(path)[1]["constraint_annotations"] == {"mine": "kept"}


def test_latest_leads_to_the_last_whole_run(folder: Path) -> None:
    first = written(folder)
    second = written(folder, at=INFO.started + 60)
    cut = written(folder, at=INFO.started + 120, cut=Outcome.INTERRUPTED)
    assert cut.name == "run-2026-11-20T23-19-21Z.partial.jsonl"
    assert os.readlink(folder / "latest") == second.name
    assert first.exists()


@pytest.mark.parametrize("compress", [False, True])
def test_runs_of_one_second_have_files_of_their_own(folder: Path, compress: bool) -> None:
    made = [written(folder, compress=compress).name for _ in range(3)]
    end = ".jsonl.gz" if compress else ".jsonl"
    assert made == [f"run-2026-11-20T23-17-21Z{number}{end}" for number in ("", ".2", ".3")]


def test_a_file_may_be_compressed(folder: Path) -> None:
    path = written(folder, [violation(ONE.constraint)], ONE, compress=True)
    assert path.suffix == ".gz"
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 4


def test_as_many_runs_are_kept_as_asked_for_and_the_latest_in_any_case(folder: Path) -> None:
    for minute in range(5):
        written(folder, at=INFO.started + 60 * minute, keep=2)
    for minute in range(5, 9):
        written(folder, at=INFO.started + 60 * minute, keep=2, cut=Outcome.FAILED)
    assert names(folder) == [
        "latest",
        *(f"run-2026-11-20T23-{minute}-21Z.jsonl" for minute in (20, 21)),
        *(f"run-2026-11-20T23-{minute}-21Z.partial.jsonl" for minute in (24, 25)),
    ]
    written(folder, at=INFO.started - 3600, keep=2)  # the clock was set back
    assert (folder / "latest").exists()


def test_zero_keeps_all_runs(folder: Path) -> None:
    for minute in range(4):
        written(folder, at=INFO.started + 60 * minute, keep=0)
    assert len(names(folder)) == 5


def test_nothing_is_removed_that_a_run_did_not_write(folder: Path) -> None:
    folder.mkdir()
    others = [
        "notes.txt",
        "run-2026-11-20T20-00-00Z.jsonl",  # our name, other content
        "run-2026-11-20T21-00-00Z.jsonl.gz",
        ".run-2026-11-20T21-00-00Z.draft",
    ]
    for name in others:
        (folder / name).write_text("mine\n")
    (folder / "run-2026-11-20T22-00-00Z.jsonl").mkdir()
    (folder / "run-2026-11-20T22-30-00Z.jsonl").symlink_to("notes.txt")
    (folder / ".run-2026-11-20T22-40-00Z.draft").symlink_to("notes.txt")
    before = names(folder)
    for minute in range(3):
        written(folder, at=INFO.started + 60 * minute, keep=1)
    assert set(before) < set(names(folder))
    assert len(names(folder)) == len(before) + 2


@pytest.mark.parametrize("kind", ["plain", "gz"])
def test_what_a_dead_run_has_left_is_gone_with_the_next_one(folder: Path, kind: str) -> None:
    code = (
        "import os, sys; sys.path[:0] = ['.', 'tests']\n"
        "from builders import constraint, page, summary, violation\n"
        "from audit.results.archive import Archive\n"
        "from audit.sinks.results import ResultsSink\n"
        "sink = ResultsSink(Archive(sys.argv[1], compress=sys.argv[2] == 'gz'))\n"
        "sink.start(summary().info)\n"
        "sink.page(page(*[violation(constraint(), str(number)) for number in range(2000)]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    for _ in range(2):  # the second one finds what the first one has left
        subprocess.run([sys.executable, "-c", code, str(folder), kind], check=False, timeout=30)
        assert names(folder) == [".run-2026-11-20T23-17-21Z.draft"]
    path = written(folder)
    assert names(folder) == ["latest", path.name]


def test_a_run_that_goes_on_is_left_alone_by_others(folder: Path) -> None:
    one, other = (ResultsSink(Archive(str(folder))) for _ in range(2))
    for sink in (one, other):
        sink.start(INFO)
        sink.page(page(violation(ONE.constraint)))
    for sink in (one, other):
        sink.finish(settled(summary(ONE)), NO_CHANGES)
    assert names(folder) == ["latest", "run-2026-11-20T23-17-21Z.2.jsonl", "run-2026-11-20T23-17-21Z.jsonl"]


def test_a_link_that_did_not_become_the_latest_is_gone_with_the_next_run(folder: Path) -> None:
    first = written(folder)
    (folder / ".latest.run-2026-11-20T23-17-21Z.draft").symlink_to(first.name)
    second = written(folder)
    assert names(folder) == ["latest", second.name, first.name]


def test_the_folder_is_made_when_it_is_missing_and_others_may_not_look(tmp_path: Path) -> None:
    path = written(tmp_path / "a" / "b")
    assert (path.parent.stat().st_mode & 0o027, path.stat().st_mode & 0o137) == (0, 0)


def failing(folder: Path | str) -> ResultsError:
    """What a sink says that cannot begin."""
    with pytest.raises(ResultsError) as raised:
        ResultsSink(Archive(str(folder))).start(INFO)
    return raised.value


def test_a_path_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert failing(path).reason == "NoFolder"
        assert str(path) in str(failing(path))


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_link_is_not_followed(tmp_path: Path, slash: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    error = failing(f"{tmp_path / 'link'}{slash}")
    assert (error.reason, str(error)) == (
        "NoFolder",
        f"{tmp_path / 'link'}{slash}: the folder is a link, which is not followed; name the folder itself",
    )
    assert names(tmp_path / "there") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert failing(tmp_path).reason == "NotPermitted"


def test_a_file_named_latest_is_not_replaced(folder: Path) -> None:
    folder.mkdir()
    (folder / "latest").write_text("mine")
    with pytest.raises(ResultsError, match=r"latest is not a link of ours, and stays as it is; run-.* is written"):
        written(folder)
    assert (folder / "latest").read_text() == "mine"
    assert "run-2026-11-20T23-17-21Z.jsonl" in names(folder)


def test_a_disk_that_is_full_is_told_once_with_what_is_lost_and_recovered_from(folder: Path) -> None:
    sink = ResultsSink(Archive(str(folder)))
    many = [violation(ONE.constraint, f"p{number}") for number in range(500)]
    guarded = GuardedSink(sink)
    with files_at_most(100_000):
        guarded.start(INFO)
        for _ in range(5):
            guarded.page(page(*many))
        (gap,) = guarded.finish(settled(summary(ONE)), NO_CHANGES)
    assert (gap.cause, gap.reason) == (Cause.SINK, "NoSpace")
    assert f"sink results: {folder}: File too large; free space there" in gap.message
    assert gap.message.endswith("; 2500 violations did not reach it")  # those in front of the failure, too
    assert names(folder) == []
    assert written(folder, many, ONE).exists()


@pytest.mark.parametrize("compress", [False, True])
def test_a_disk_that_is_full_at_the_last_moment_leaves_no_file(folder: Path, compress: bool) -> None:
    guarded = GuardedSink(ResultsSink(Archive(str(folder), compress=compress)))
    before = written(folder)
    with files_at_most(100):
        guarded.start(INFO)
        guarded.page(page(violation(ONE.constraint)))
        (gap,) = guarded.finish(settled(summary(ONE)), NO_CHANGES)
    assert gap.reason == "NoSpace"
    assert gap.message.endswith("; 1 violation did not reach it")
    assert names(folder) == ["latest", before.name]
    assert os.readlink(folder / "latest") == before.name


def test_a_folder_that_is_gone_at_the_end_is_told(folder: Path) -> None:
    guarded = GuardedSink(ResultsSink(Archive(str(folder))))
    guarded.start(INFO)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    (gap,) = guarded.finish(settled(summary(ONE)), NO_CHANGES)
    assert gap.reason == "NoFolder"


def test_no_files_stay_open(folder: Path) -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    written(folder)
    (folder.parent / "file").touch()
    before = opened()
    written(folder)
    failing(folder.parent / "file")
    assert opened() == before


def test_a_failed_run_ends_in_a_file_that_says_so(folder: Path) -> None:
    def prepare() -> Prepared:
        raise RuntimeError("no")

    run(prepare, [ResultsSink(Archive(str(folder)))], summary(), Past(), lambda: None)
    (path,) = folder.iterdir()
    end = json.loads(path.read_text().splitlines()[-1])
    assert (end["outcome"], end["reason"]) == ("failed", "the run failed: RuntimeError: no")
    assert path.name.endswith(".partial.jsonl")
