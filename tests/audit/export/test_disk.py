"""Files that a reader can rely on, whatever happens to the disk, and nobody else's touched."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting import NEXT, PLACE, RUN, eventually

from audit.errors import ExportError
from audit.export.connection import Connection
from audit.export.disk import Disk, DiskSettings
from audit.export.drivers import driver_of
from audit.export.fields import Fields
from audit.export.memo import Memo
from audit.export.records import Messages

CHANNEL = "audit-channel"
FILE, NEXT_FILE = "2026-11-20T23_17_21Z", "2026-11-20T23_18_21Z"


def settings(channel: str = CHANNEL, **config: Any) -> DiskSettings:
    return DiskSettings.of(Fields("Connection patrol/c: spec.config", config), channel)


def disk(path: Path, results: int = 3) -> Disk:
    return Disk(settings(path=str(path), maxAuditResults=results))


def written(path: Path) -> dict[str, str]:
    folder = path / CHANNEL
    return {file.name: file.read_text() for file in sorted(folder.iterdir()) if not file.name.startswith(".")}


def changed(path: Path) -> int:
    return (path / CHANNEL / ".kube-patrol").stat().st_mtime_ns


def gone(driver: Disk, path: Path) -> None:
    """What a Connection that is gone for good does once its time is over."""
    as_of = changed(path)
    driver.close(for_good=False)
    driver.vanish(as_of)


def whole_run(driver: Disk, run: str, *messages: bytes) -> None:
    driver.publish(run, Messages.of(messages))
    driver.end(run)


def test_a_run_is_a_txt_while_it_is_written_and_a_log_that_all_may_read_when_it_has_ended(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a", b"b"]))
    assert written(tmp_path) == {f"{FILE}.txt": "a\nb\n"}
    whole_run(driver, RUN, b"c")
    assert written(tmp_path) == {f"{FILE}.log": "a\nb\nc\n"}
    assert (tmp_path / CHANNEL / f"{FILE}.log").stat().st_mode & 0o777 == 0o666
    assert (tmp_path / CHANNEL).stat().st_mode & 0o777 == 0o770


@pytest.mark.parametrize("results", range(6))
def test_only_the_newest_results_are_kept(tmp_path: Path, results: int) -> None:
    driver = disk(tmp_path, results)
    driver.open("")
    runs = [f"2026-11-20T23:{minute}:21Z" for minute in range(10, 18)]
    for run in runs:
        whole_run(driver, run, b"a")
    assert list(written(tmp_path)) == [f"{run.replace(':', '_')}.log" for run in runs][len(runs) - results :]


def test_what_others_have_put_there_is_neither_renamed_nor_deleted(tmp_path: Path) -> None:
    theirs = tmp_path / CHANNEL
    theirs.mkdir()
    names = ("admission-2026.log", "2026-01-01T00_00_00Z.log", "2026-01-01T00_00_01Z.txt", "notes")
    for name in names:
        (theirs / name).write_text("theirs")
    driver = disk(tmp_path, 0)
    driver.open("")
    whole_run(driver, RUN, b"a")
    gone(driver, tmp_path)
    assert written(tmp_path) == dict.fromkeys(sorted(names), "theirs")


def test_the_file_of_a_dead_run_is_made_whole_and_ready_at_the_next_start(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    driver.close(for_good=False)
    with (tmp_path / CHANNEL / f"{FILE}.txt").open("a") as half:
        half.write("half a li")
    later = disk(tmp_path)
    later.open("")
    assert written(tmp_path) == {f"{FILE}.log": "a\n"}


def moved(memo: Path, path: Path, channel: str = CHANNEL) -> Disk:
    """Of a process that starts, and of a Connection that leads to a folder."""
    return Disk(settings(channel, path=str(path), maxAuditResults=3), Memo(memo))


@pytest.mark.parametrize(("later", "channel"), [("b", CHANNEL), ("a", "other")])
def test_the_file_of_a_dead_run_is_ended_although_the_connection_leads_elsewhere_now(
    tmp_path: Path, later: str, channel: str
) -> None:
    driver = moved(tmp_path / "memo", tmp_path / "a")
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    driver.close(for_good=False)
    with (tmp_path / "a" / CHANNEL / f"{FILE}.txt").open("a") as half:
        half.write("half a li")
    as_of = changed(tmp_path / "a")
    again = moved(tmp_path / "memo", tmp_path / later, channel)
    again.open(RUN)
    whole_run(again, RUN, b"b")
    assert written(tmp_path / "a") == {f"{FILE}.log": "a\n"}
    assert (tmp_path / later / channel / f"{FILE}.log").read_text() == "b\n"
    assert changed(tmp_path / "a") == as_of  # so that it goes once its time is over, should it have one


def test_what_was_written_to_before_is_left_alone_where_it_is_gone_or_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    driver = moved(tmp_path / "memo", tmp_path / "a")
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    moved(tmp_path / "memo", tmp_path / "b").open("")
    assert written(tmp_path / "a") == {f"{FILE}.txt": "a\n"}
    assert "another process exports to" in caplog.text
    (tmp_path / "memo").write_bytes(os.fsencode(tmp_path / "never" / CHANNEL))
    moved(tmp_path / "memo", tmp_path / "c").open("")
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    "text", [b"", b"/", b"/x", b"x/y", b"%s/../t/c", b"%s/a\nb", b"\xff\xfe", b"/\0", b"//", b"x" * 99999, b"%s/link/c"]
)
def test_a_folder_that_could_be_none_of_ours_is_not_looked_at(tmp_path: Path, text: bytes) -> None:
    theirs = disk(tmp_path / "t")
    theirs.open("")
    theirs.publish(RUN, Messages.of([b"a"]))
    theirs.close(for_good=False)
    (tmp_path / "t" / CHANNEL).rename(tmp_path / "t" / "c")
    (tmp_path / "link").symlink_to(tmp_path / "t")
    (tmp_path / "memo").write_bytes(text.replace(b"%s", os.fsencode(tmp_path)))
    moved(tmp_path / "memo", tmp_path / "b").open("")
    assert sorted(path.name for path in (tmp_path / "t" / "c").iterdir()) == [".kube-patrol", f"{FILE}.txt"]


def test_a_run_that_goes_on_after_a_kill_goes_on_in_its_file(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    driver.close(for_good=False)
    later = disk(tmp_path)
    later.open(RUN)
    whole_run(later, RUN, b"b")
    assert written(tmp_path) == {f"{FILE}.log": "a\nb\n"}


def test_a_run_whose_end_is_published_twice_stays_one_file(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    whole_run(driver, RUN, b"a", b"end")
    whole_run(driver, RUN, b"end")
    driver.end(RUN)
    assert written(tmp_path) == {f"{FILE}.log": "a\nend\nend\n"}


def test_the_next_run_ends_the_file_of_one_that_never_ended(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    driver.publish(NEXT, Messages.of([b"b"]))
    assert written(tmp_path) == {f"{FILE}.log": "a\n", f"{NEXT_FILE}.txt": "b\n"}


def test_a_connection_that_is_gone_for_good_takes_its_files_along_some_time_later(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    whole_run(driver, RUN, b"a")
    gone(driver, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("still", [True, False])
def test_files_stay_where_a_new_connection_has_used_the_folder_since(tmp_path: Path, still: bool) -> None:
    driver, later = disk(tmp_path), disk(tmp_path)
    driver.open("")
    whole_run(driver, RUN, b"a")
    as_of = changed(tmp_path)
    driver.close(for_good=False)
    later.open("")
    whole_run(later, NEXT, b"b")
    if not still:
        later.close(for_good=False)
    driver.vanish(as_of)
    assert written(tmp_path) == {f"{FILE}.log": "a\n", f"{NEXT_FILE}.log": "b\n"}


def test_two_that_write_to_one_folder_are_told(tmp_path: Path) -> None:
    first, second = disk(tmp_path), disk(tmp_path)
    first.open("")
    with pytest.raises(ExportError, match=r"another process exports to .*give each its own path"):
        second.open("")
    first.close(for_good=False)
    second.open("")


def test_files_are_kept_for_their_time_when_a_connection_is_gone_for_good(tmp_path: Path) -> None:
    driver = Disk(replace(settings(path=str(tmp_path), maxAuditResults=1), keep_seconds=0.05))
    driver.open("")
    whole_run(driver, RUN, b"a")
    driver.close(for_good=True)
    eventually(lambda: not (tmp_path / CHANNEL).exists())


@pytest.mark.parametrize("path", ["", "/", "/.", "tmp", ".", "/tmp/../etc", "/..", "/a\0b", "/\ud800", 3, None])
def test_a_path_that_is_none_is_refused(path: object) -> None:
    with pytest.raises(ExportError, match=r"spec\.config\.path must be"):
        settings(path=path, maxAuditResults=1)


@pytest.mark.parametrize("channel", ["", "a/b", "..", "."])
def test_a_channel_that_leads_elsewhere_is_refused(channel: str) -> None:
    with pytest.raises(ExportError, match=f"--audit-channel={channel}"):
        settings(channel, path="/tmp/x", maxAuditResults=1)


@pytest.mark.parametrize("results", [-1, 6, 1.5, "3", None, True])
def test_a_number_of_results_that_is_none_is_refused(results: object) -> None:
    with pytest.raises(ExportError, match=r"maxAuditResults must be a whole number from 0 to 5"):
        settings(path="/tmp/x", maxAuditResults=results)


@pytest.mark.parametrize("ttl", ["10s", "11m", "soon", 60])
def test_a_time_to_keep_that_is_none_is_refused(ttl: object) -> None:
    with pytest.raises(ExportError, match=r"closedConnectionTTL must be a duration from 1m to 10m"):
        settings(path="/tmp/x", maxAuditResults=1, closedConnectionTTL=ttl)


def test_unknown_fields_and_drivers_are_named() -> None:
    known = {"path": "/tmp/x", "maxAuditResults": 1}
    with pytest.raises(ExportError, match=r"config\.maxAuditResult is no field .* did you mean maxAuditResults"):
        driver_of(Connection("disk", {**known, "maxAuditResult": 1}), PLACE)
    with pytest.raises(ExportError, match="driver 'disc' is not known: one of disk"):
        driver_of(Connection("disc", known), PLACE)


@pytest.mark.parametrize("where", ["path", "channel", "above"])
def test_no_link_is_followed_out_of_the_volume(tmp_path: Path, where: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    volume = tmp_path / "volume"
    link = {"path": volume, "channel": volume / CHANNEL, "above": volume / "link"}[where]
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(ExportError, match="is a link or a file"):
        disk(volume / "link" / "x" if where == "above" else volume).open("")
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_not_written_to(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    folder = tmp_path / CHANNEL
    folder.mkdir()
    (folder / f"{FILE}.txt").symlink_to(secret)
    driver = disk(tmp_path)
    driver.open("")
    with pytest.raises(ExportError, match="symbolic links"):
        driver.publish(RUN, Messages.of([b"a"]))
    assert secret.read_text() == "s"


def test_a_folder_that_was_deleted_is_told_and_made_again(tmp_path: Path) -> None:
    driver = disk(tmp_path)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a"]))
    for file in (tmp_path / CHANNEL).iterdir():
        file.unlink()
    (tmp_path / CHANNEL).rmdir()
    with pytest.raises(ExportError, match="was deleted"):
        driver.publish(RUN, Messages.of([b"b"]))
    driver.close(for_good=False)
    driver.open(RUN)
    driver.publish(RUN, Messages.of([b"b"]))
    assert written(tmp_path) == {f"{FILE}.txt": "b\n"}


def with_little_space(path: str, answers: Any) -> None:
    """In a process of its own: files may have 4000 bytes, and then more."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
    driver = disk(Path(path))
    driver.open("")
    driver.publish(RUN, Messages.of([b"a" * 3000]))
    try:
        driver.publish(RUN, Messages.of([b"b" * 600, b"c" * 2000]))
    except ExportError as error:
        answers.put(str(error))
    answers.put((Path(path) / CHANNEL / f"{FILE}.txt").stat().st_size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    driver.close(for_good=False)
    driver.open(RUN)
    whole_run(driver, RUN, b"b" * 600, b"c" * 2000)


def test_a_disk_that_is_full_is_told_leaves_no_half_batch_and_is_used_again_when_it_is_not(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=with_little_space, args=(str(tmp_path), answers))
    process.start()
    assert answers.get(timeout=20).startswith(f"{tmp_path}/{CHANNEL}/{FILE}.txt: File too large")
    assert answers.get(timeout=20) == 3001
    process.join()
    assert process.exitcode == 0
    assert written(tmp_path) == {f"{FILE}.log": "a" * 3000 + "\n" + "b" * 600 + "\n" + "c" * 2000 + "\n"}


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """A file system of 64 KiB."""
    volume = tmp_path / "volume"
    volume.mkdir()
    if os.system(f"mount -t tmpfs -o size=64k tmpfs {volume} 2>/dev/null"):
        pytest.skip("a tmpfs can be mounted by root only, where that is allowed")
    yield volume
    os.system(f"umount -l {volume}")


def test_a_volume_without_space_is_told_with_what_to_do(small: Path) -> None:
    driver = disk(small)
    driver.open("")
    with pytest.raises(ExportError, match="No space left on device; free space there"):
        driver.publish(RUN, Messages.of([b"x" * 100_000]))
    whole_run(driver, RUN, b"a")
    assert written(small) == {f"{FILE}.log": "a\n"}


def test_a_volume_that_is_read_only_is_told_and_used_again_when_it_is_not(small: Path) -> None:
    if os.system(f"mount -o remount,ro {small} 2>/dev/null"):
        pytest.skip("it cannot be mounted again")
    driver = disk(small)
    with pytest.raises(ExportError, match="Read-only file system; mount a volume there"):
        driver.open("")
    os.system(f"mount -o remount,rw {small}")
    driver.open("")
    whole_run(driver, RUN, b"a")
    assert written(small) == {f"{FILE}.log": "a\n"}
