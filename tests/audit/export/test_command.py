"""`patrol export read` as a person and a container use it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audit.export.command import main

ROOT = Path(__file__).parents[3]
FILE = "2026-11-20T23_17_21Z"


def test_what_is_there_is_shown_once(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / f"{FILE}.log").write_bytes(b'{"id":"\xc3\xa4"}\n')
    assert main(["read", str(tmp_path), "--once"]) == 0
    assert capfdbinary.readouterr().out == b'{"id":"\xc3\xa4"}\n'


def test_what_cannot_be_done_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(tmp_path / "nowhere"), "--once"]) == 1
    assert "No such file or directory" in capsys.readouterr().err
    assert main(["write", "x"]) == 2
    assert "read is all there is" in capsys.readouterr().err
    assert main(["read"]) == 2


def test_it_follows_until_it_is_told_to_stop(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "audit", "export", "read", str(tmp_path)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        file = tmp_path / "channel" / f"{FILE}.txt"
        file.parent.mkdir()
        file.write_text("a\n")
        assert process.stdout.readline() == b"a\n"
        with file.open("a") as end:
            end.write("b\n")
        file.rename(file.with_suffix(".log"))
        assert process.stdout.readline() == b"b\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
