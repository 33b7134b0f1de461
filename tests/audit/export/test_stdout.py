"""Lines on standard output."""

from __future__ import annotations

import os

import pytest
from exporting import RUN

from audit.errors import ExportError
from audit.export.records import Messages
from audit.export.stdout import Stdout


def test_each_message_is_a_line() -> None:
    reader, writer = os.pipe()
    driver = Stdout(writer)
    driver.open("")
    driver.publish(RUN, Messages.of([b"a", b"b"]))
    driver.end(RUN)
    driver.close(for_good=True)
    assert os.read(reader, 100) == b"a\nb\n"


def test_a_device_that_takes_nothing_is_told() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(ExportError, match="standard output takes nothing: No space left on device"):
        Stdout(full).publish(RUN, Messages.of([b"a"]))
    os.close(full)
