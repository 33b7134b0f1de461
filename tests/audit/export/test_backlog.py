"""What waits: in order, within its bounds, and after a kill."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from exporting import NEXT, RUN, eventually, some

from audit.export.backlog import END, START, VIOLATION, Backlog, Batch, Limits, Progress
from audit.export.records import Messages
from audit.export.tally import Tally, of_run
from audit.extent import NONE, PAGE
from audit.extent import RUN as ONCE

MUCH = Limits(1 << 20, 1 << 20)


def made(folder: Path, limits: Limits = MUCH) -> tuple[Backlog, Tally]:
    tally = Tally()
    return Backlog(folder, limits, tally), tally


def taken(backlog: Backlog) -> list[tuple[str, bytes]]:
    """All that waits, published."""
    found = []
    while batch := backlog.next(0):
        found += [(batch.run, message) for message in batch.messages]
        backlog.done(batch)
    return found


def batch_of(backlog: Backlog) -> Batch:
    found = backlog.next(0)
    assert found is not None
    return found


def test_a_batch_is_of_one_run_and_its_end_message_is_alone(tmp_path: Path) -> None:
    backlog, _ = made(tmp_path)
    for run in (RUN, NEXT):
        backlog.put(run, START, some([b'"start"']))
        backlog.put(run, VIOLATION, some([b"{}", b"[{}, {}]"]))
    backlog.put(NEXT, END, some([b'"end"']))
    first = batch_of(backlog)
    assert (first.run, [*first.messages], first.ended) == (RUN, [b'"start"', b"{}", b"[{}, {}]"], False)
    assert [*batch_of(backlog).messages] == [*first.messages]  # until it is done
    backlog.done(first)
    last = batch_of(backlog)
    assert last.messages.lines == b'"start"\n{}\n[{}, {}]\n'
    backlog.done(last)
    assert [([*each.messages], each.ended) for each in (last, batch_of(backlog))] == [
        ([b'"start"', b"{}", b"[{}, {}]"], False),
        ([b'"end"'], True),
    ]


END_MESSAGE = (
    b'{"id":"2026-11-20T23:17:21Z","message":"audit is completed","extended":{"of":"all","outcome":"complete",'
    b'"complete":true,"counts":{"violations":3,"sent":2,"dropped":1,"gaps":0},"gaps":[]}}'
)


@pytest.mark.parametrize("restarted", [False, True])
def test_the_end_message_tells_what_the_target_refused_of_its_run_whatever_came_between(
    tmp_path: Path, restarted: bool
) -> None:
    backlog, _ = made(tmp_path)
    for kind, message in ((START, b'"start"'), (VIOLATION, b"1")):
        backlog.put(RUN, kind, some([message]))
    backlog.done(batch_of(backlog), refused=1)
    backlog.put(RUN, VIOLATION, some([b"2"]))
    if restarted:
        backlog.close()
        backlog, _ = made(tmp_path)
    backlog.done(batch_of(backlog))
    for run in (RUN, NEXT):
        backlog.put(run, END, some([END_MESSAGE]))
    [told] = batch_of(backlog).messages
    assert told == END_MESSAGE.replace(b'"sent":2,"dropped":1', b'"sent":1,"dropped":2').replace(b"true", b"false")
    backlog.done(batch_of(backlog))
    assert [*batch_of(backlog).messages] == [END_MESSAGE]


def test_an_end_message_that_is_not_extended_stays_as_it_is(tmp_path: Path) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, START, some([b'"start"']))
    backlog.done(batch_of(backlog), refused=1)
    backlog.put(RUN, END, some([b'{"id":"2026-11-20T23:17:21Z","message":"audit is completed"}']))
    assert [*batch_of(backlog).messages] == [b'{"id":"2026-11-20T23:17:21Z","message":"audit is completed"}']


def test_what_a_killed_process_has_put_in_is_there_for_the_next_one(tmp_path: Path) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, START, some([b'"start"']))
    backlog.done(batch_of(backlog))
    backlog.put(RUN, VIOLATION, some([b"1", b"2"]))
    backlog.close()
    later, tally = made(tmp_path)
    assert tally.counts().waiting == 2
    assert taken(later) == [(RUN, b"1"), (RUN, b"2")]


@pytest.mark.parametrize("folder", ["spill", ""])
@pytest.mark.parametrize("number", range(7))
def test_what_was_taken_of_a_batch_does_not_come_again(tmp_path: Path, number: int, folder: str) -> None:
    if not folder:
        (tmp_path / "spill").write_text("in the way")  # so that messages wait in memory
    backlog, tally = made(tmp_path / "spill")
    backlog.put(RUN, VIOLATION, [Messages.of([b"1"]), Messages.of([b"2", b"3", b"4"]), Messages.of([b"5", b"6"])])
    backlog.done(batch_of(backlog), number)
    assert tally.counts().waiting == 6 - number
    if folder:
        backlog.close()
        backlog, tally = made(tmp_path / "spill")
        assert tally.counts().waiting == 6 - number
    while batch := backlog.next(0):  # one by one
        number += 1
        assert batch.messages[0] == str(number).encode()
        backlog.done(batch, 1)
    assert number == 6
    assert (tally.counts().waiting, backlog.size) == (0, 0)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ((b"[3]", b"[\xff]"), "124567"),
        ((b"[3]", b"\0\0\0"), "124567"),
        ((b"[3]\n", b"[3] "), "12567"),
        ((b"[1]\n[2]", bytes(7)), "34567"),
        ((b"[5]", b"[5}"), "123467"),
    ],
)
@pytest.mark.parametrize("taken_before", [0, 1])
def test_a_damaged_message_is_dropped_and_counted_and_others_go_on(
    tmp_path: Path, change: tuple[bytes, bytes], left: str, taken_before: int, caplog: pytest.LogCaptureFixture
) -> None:
    messages = [b"[%d]" % number for number in range(1, 8)]
    backlog, _ = made(tmp_path)
    backlog.put(RUN, START, some([b'"start"']))
    backlog.put(RUN, VIOLATION, [Messages.of(messages[:4]), Messages.of(messages[4:])])
    backlog.put(RUN, END, some([END_MESSAGE]))
    backlog.done(batch_of(backlog), taken_before)
    backlog.close()
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(file.read_bytes().replace(*change))
    later, tally = made(tmp_path)
    told = [message for _, message in taken(later)]
    start = [] if taken_before else [b'"start"']
    assert told[:-1] == [*start, *(b"[%s]" % number.encode() for number in left)]
    lost = 7 - len(left)
    assert b'"sent":%d,"dropped":%d' % (2 - lost, 1 + lost) in told[-1]
    assert (tally.dropped(RUN), tally.counts().waiting, later.size) == (lost, 0, 0)
    assert f"{of_run(lost, RUN, 'is', 'are')} damaged in the spill folder, and dropped" in caplog.text


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:-20], id="cut off"),
        pytest.param(lambda data: data[:-300] + bytes(300), id="zeroes at the end"),
        pytest.param(lambda data: bytes(len(data)), id="zeroes"),
        pytest.param(lambda data: b"", id="empty"),
    ],
)
def test_what_a_torn_file_has_lost_is_counted_and_told_and_the_rest_is_delivered(
    tmp_path: Path, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, START, some([b'"start"']))
    for number in range(20):
        backlog.put(RUN, VIOLATION, some([b"[%100d]" % number]))
    backlog.done(batch_of(backlog), 4)
    backlog.close()
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(spoil(file.read_bytes()))
    later, tally = made(tmp_path)
    left = len(taken(later))
    lost = 17 - left
    assert lost > 0
    assert (tally.dropped(RUN), tally.counts().dropped, tally.counts().waiting) == (lost, lost, 0)
    assert re.search(rf"messages? of the run {RUN} (is|are) lost in the spill folder, and dropped", caplog.text)
    assert later.interrupted is not None
    assert later.interrupted.sent + later.interrupted.dropped == 20
    later.close()
    assert made(tmp_path)[1].counts().dropped == 0  # it is told once


@pytest.mark.parametrize("half", [b"V 2026-11", b"V 2026-11-20T23:17:21Z 2 4", b"V 2026-11-20T23:17:21Z 2 4\n2\n"])
def test_what_a_killed_process_has_put_in_by_half_is_no_message(tmp_path: Path, half: bytes) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, VIOLATION, some([b"1"]))
    backlog.close()
    (file,) = tmp_path.glob("*.spool")
    with file.open("ab") as end:
        end.write(half)
    later, tally = made(tmp_path)
    assert tally.counts().waiting == 1
    later.put(RUN, VIOLATION, some([b"2"]))
    assert taken(later) == [(RUN, b"1"), (RUN, b"2")]
    assert tally.counts().waiting == 0


def test_what_is_no_record_is_told_and_what_was_before_it_is_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, VIOLATION, some([b"1"]))
    backlog.close()
    (file,) = tmp_path.glob("*.spool")
    with file.open("ab") as end:
        end.write(bytes(100) + b"\nV 2026-11-20T23:17:21Z 1 2\n2\n")
    later, tally = made(tmp_path)
    later.put(RUN, VIOLATION, some([b"3"]))
    assert f"{file} is damaged: what it had from there on is lost" in caplog.text
    assert taken(later) == [(RUN, b"1"), (RUN, b"3")]
    assert tally.counts().waiting == 0


def test_a_batch_has_no_more_bytes_than_are_asked_for_but_for_one_record(tmp_path: Path) -> None:
    backlog, _ = made(tmp_path)
    backlog.put(RUN, VIOLATION, some([b"%100d" % 1] * 200))
    sizes = []
    while batch := backlog.next(0, 10_000):
        sizes.append(len(batch.messages))
        backlog.done(batch)
    assert sizes == [64, 64, 72]


def test_files_that_were_read_are_deleted(tmp_path: Path) -> None:
    backlog, _ = made(tmp_path)
    for number in range(2000):
        backlog.put(RUN, VIOLATION, some([b"%100d" % 1 + str(number).encode()]))
    assert len(list(tmp_path.glob("*.spool"))) > 1
    assert [int(message[100:]) for _, message in taken(backlog)] == list(range(2000))
    assert list(tmp_path.glob("*.spool")) == []
    backlog.put(RUN, VIOLATION, some([b"again"]))
    assert taken(backlog) == [(RUN, b"again")]


def test_what_is_beyond_the_limit_is_dropped_and_counted_but_starts_and_ends_are_not(tmp_path: Path) -> None:
    backlog, tally = made(tmp_path, Limits(1000))
    assert backlog.put(RUN, VIOLATION, some([b"%300d" % 1] * 5)) == 2
    assert backlog.put(RUN, END, some([b"%2000d" % 1])) == 0
    assert tally.dropped(RUN) == tally.counts().dropped == 2
    assert len(taken(backlog)) == 4


def test_what_a_killed_process_has_dropped_is_still_counted_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backlog, _ = made(tmp_path, Limits(1000))
    backlog.put(RUN, VIOLATION, some([b"%300d" % 1] * 5))
    backlog.close()
    later, tally = made(tmp_path, Limits(1000))
    assert (tally.dropped(RUN), tally.counts().dropped) == (2, 0)  # the total of that process had them
    assert len(taken(later)) == 3
    assert f"those of the run {RUN} are dropped from now on" in caplog.text
    assert f"2 messages of the run {RUN} were dropped before" in caplog.text


def test_a_folder_that_another_process_uses_is_told_and_messages_wait_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(tmp_path)
    other, tally = made(tmp_path, Limits(1000, memory=100))
    assert "cannot be used" in caplog.text
    assert other.put(RUN, VIOLATION, some([b"1", b"2" * 200])) == 1
    assert taken(other) == [(RUN, b"1")]
    assert tally.counts().waiting == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    made(folder)
    assert "cannot be used" in caplog.text


def test_what_is_only_in_memory_when_the_process_leaves_is_counted_as_dropped(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    backlog, tally = made(file)
    backlog.put(RUN, VIOLATION, some([b"1", b"2"]))
    backlog.close()
    assert tally.dropped(RUN) == 2


@pytest.mark.parametrize(
    ("put", "left"),
    [
        ([(START, 1)], Progress(RUN)),
        ([(START, 1), (VIOLATION, 2), (VIOLATION, 3)], Progress(RUN, 5)),
        ([(START, 1), (VIOLATION, 200)], Progress(RUN, 4, 196)),
        ([(START, 1), (VIOLATION, 2), (END, 1)], None),
        ([], None),
    ],
)
def test_a_run_that_a_killed_process_has_not_ended_is_known_to_the_next_one(
    tmp_path: Path, put: list[tuple[bytes, int]], left: Progress | None
) -> None:
    backlog, _ = made(tmp_path, Limits(1000))
    for kind, number in put:
        backlog.put(RUN, kind, some([b"%200d" % 1 if number == 200 else b"x"] * number))
    taken(backlog)
    backlog.close()
    assert made(tmp_path)[0].interrupted == left


@pytest.mark.parametrize("noted", [b"", b"nonsense", b"run 1", b"run one 2", b"\xff\xfe 1 -2"])
def test_a_note_that_makes_no_sense_is_no_run(tmp_path: Path, noted: bytes) -> None:
    made(tmp_path)[0].close()
    (tmp_path / "run").write_bytes(noted)
    assert made(tmp_path)[0].interrupted is None


def test_an_end_without_a_message_ends_its_run_all_the_same(tmp_path: Path) -> None:
    backlog, tally = made(tmp_path)
    backlog.put(RUN, END, [Messages(b"", 0)])
    batch = batch_of(backlog)
    assert (batch.run, [*batch.messages], batch.ended) == (RUN, [], True)
    backlog.done(batch)
    assert backlog.next(0) is None
    assert tally.counts().waiting == 0


@pytest.mark.parametrize(("sync", "before", "after"), [(NONE, 0, 0), (ONCE, 0, 2), (PAGE, 2, 4)])
def test_what_waits_is_brought_to_the_disk_as_often_as_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: str, before: int, after: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    backlog = Backlog(tmp_path, MUCH, Tally(), sync)
    backlog.put(RUN, VIOLATION, some([b"1"]))
    assert len(synced) == before  # the file, and the folder that has its name
    backlog.put(RUN, END, some([b'"end"']))
    eventually(lambda: len(synced) >= after)
    backlog.close()
    assert len(synced) == after
