"""Records of messages, from their bytes and to them."""

from __future__ import annotations

import pytest

from audit.export.records import END, START, VIOLATION, Head, Messages, Record, read_records

RUN = "2026-11-20T23:17:21Z"
RECORDS = [Record.of(kind, RUN, Messages.of([b"{}", b'{"a":1}'])) for kind in (START, VIOLATION, END)]
DATA = b"".join(record.head.data + record.lines for record in [*RECORDS, Record.dropped(RUN, 7)])


def test_records_are_read_as_they_were_written() -> None:
    assert read_records(DATA) == ([*RECORDS, Record.dropped(RUN, 7)], len(DATA))
    assert len(DATA) == sum(record.size for record in [*RECORDS, Record.dropped(RUN, 7)])


@pytest.mark.parametrize("length", range(0, len(DATA), 7))
def test_what_is_there_by_half_is_not_read(length: int) -> None:
    records, end = read_records(DATA[:length])
    assert b"".join(record.head.data + record.lines for record in records) == DATA[:end]
    assert len(records) == length // RECORDS[0].size


@pytest.mark.parametrize("line", [b"", b"X run 1 1", b"V run 1", b"V run one 1", b"V run -1 1", b"V  1 1", b"\0" * 40])
def test_what_is_no_head_is_told(line: bytes) -> None:
    with pytest.raises(ValueError, match="no head of a record"):
        Head.read(line)


def test_messages_are_lines_and_a_sequence() -> None:
    messages = Messages.of([b"a", b"", b"c"])
    assert (messages.lines, len(messages), [*messages]) == (b"a\n\nc\n", 3, [b"a", b"", b"c"])
    assert (messages[-1], messages[1:]) == (b"c", [b"", b"c"])
    assert [*Messages.of([])] == []
