"""Lines of JSON: their levels, what hostile text does to them, and where they go."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.errors import ConfigError
from audit.logs.streams import (
    EVENTS,
    Bundle,
    LineFormatter,
    LineHandler,
    configure_logging,
    event,
    events,
    level_text,
    writable,
)
from audit.settings.config import LogConfig


@pytest.fixture(autouse=True)
def _same_loggers_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    level, propagate = root.level, EVENTS.propagate
    yield
    for logger in (root, EVENTS):
        for handler in [each for each in logger.handlers if isinstance(each, LineHandler)]:
            logger.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    EVENTS.propagate = propagate


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def formatted(fields: Any, **config: str) -> dict[str, Any]:
    record = logging.LogRecord("controller", logging.INFO, "", 0, fields, None, None)
    text = LineFormatter(LogConfig(**config)).format(record)
    assert "\n" not in text
    result: dict[str, Any] = json.loads(text)
    return result


def test_an_event_begins_with_level_ts_and_logger() -> None:
    line = formatted({"msg": "hello", "process": "audit", "audit_id": "now", "event_type": "x"})
    assert list(line) == ["level", "ts", "logger", "msg", "process", "audit_id", "event_type"]
    assert (line["level"], line["logger"], line["process"]) == ("info", "controller", "audit")
    assert isinstance(line["ts"], float)


@pytest.mark.parametrize(("level", "said"), [("INFO", 0), ("DEBUG", 1)])
def test_that_a_connection_is_not_kept_is_nothing_that_users_can_mend(level: str, said: int) -> None:
    stream = io.StringIO()
    configure_logging(LogConfig(level=level), stream)
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full, discarding connection: 10.0.0.1")
    assert len(lines(stream.getvalue())) == said


def test_the_time_is_written_as_a_plain_number() -> None:
    record = logging.LogRecord("controller", logging.INFO, "", 0, {"msg": ""}, None, None)
    record.created = 1795216641.6309724
    assert '"ts":1795216641.6309724,' in LineFormatter(LogConfig()).format(record)


@pytest.mark.parametrize(
    ("encoder", "texts"),
    [
        ("lower", ["debug", "info", "warn", "error", "error"]),
        ("capital", ["DEBUG", "INFO", "WARN", "ERROR", "ERROR"]),
        (
            "color",
            [f"\x1b[{n}m{word}\x1b[0m" for n, word in ((35, "debug"), (34, "info"), (33, "warn"))]
            + ["\x1b[31merror\x1b[0m"] * 2,
        ),
        (
            "capitalcolor",
            [f"\x1b[{n}m{word}\x1b[0m" for n, word in ((35, "DEBUG"), (34, "INFO"), (33, "WARN"))]
            + ["\x1b[31mERROR\x1b[0m"] * 2,
        ),
    ],
)
def test_levels_are_written_as_zap_writes_them(encoder: str, texts: list[str]) -> None:
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
    assert [level_text(level, encoder) for level in levels] == texts


def test_the_levels_key_and_encoding_are_configured() -> None:
    line = formatted({"msg": "x"}, level_key="severity", level_encoder="capital")
    assert next(iter(line.items())) == ("severity", "INFO")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param('a\nb\r\n{"event_type": "x"}\u2028', 'a\nb\r\n{"event_type": "x"}\u2028', id="line breaks"),
        pytest.param("%s %(name)s %d 100%", "%s %(name)s %d 100%", id="percent signs"),
        pytest.param("a\ud800b", "a\ufffdb", id="half a surrogate pair"),
        pytest.param("\x00\x1b[31m", "\x00\x1b[31m", id="control characters"),
    ],
)
def test_hostile_text_is_a_value_in_one_line(text: str, written: str) -> None:
    line = formatted({"msg": text, "details": {text: [text]}})
    assert line["msg"] == written
    assert line["details"] == {written: [written]}


def test_numbers_and_depth_that_json_readers_refuse_do_not_lose_the_line() -> None:
    nested: Any = "bottom"
    for _ in range(900):
        nested = [nested]
    line = formatted({"msg": "x", "details": {"big": 10**30, "long": 10**9000, "deep": nested, "half": float("nan")}})
    assert line["details"]["big"] == str(10**30)
    assert line["details"]["long"] == "1" + "0" * 9000
    assert line["details"]["half"] is None
    assert isinstance(line["details"]["deep"], list)


def test_what_is_writable_already_stays_as_it_is() -> None:
    value = {"a": [1, 1.5, True, None, "x", {"b": ()}]}
    assert writable(value) == {"a": [1, 1.5, True, None, "x", {"b": []}]}


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_events_are_logged_at_every_level_and_diagnostics_only_at_theirs(level: str) -> None:
    stream = io.StringIO()
    configure_logging(LogConfig(level=level), stream)
    event(EVENTS, {"msg": "found", "event_type": "violation_audited"})
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("kube_patrol.test").log(number, "level %d", number)
    written = lines(stream.getvalue())
    wanted = [n for n in (10, 20, 30, 40) if n >= getattr(logging, level)]
    assert [line["msg"] for line in written] == ["found", *(f"level {number}" for number in wanted)]
    assert [line["msg"] for line in written if "event_type" in line] == ["found"]


def test_a_diagnostic_has_the_error_and_its_stack() -> None:
    stream = io.StringIO()
    configure_logging(LogConfig(), stream)
    try:
        raise ConfigError("no such thing")
    except ConfigError:
        logging.getLogger("kube_patrol.test").exception("run failed", extra={"audit_id": "now"})
    [line] = lines(stream.getvalue())
    assert (line["level"], line["logger"], line["error"]) == ("error", "kube_patrol.test", "no such thing")
    assert line["audit_id"] == "now"
    assert "ConfigError: no such thing" in line["stacktrace"]


def test_bodies_that_the_kubernetes_package_shows_at_debug_are_never_logged() -> None:
    stream = io.StringIO()
    configure_logging(LogConfig(level="DEBUG"), stream)
    logging.getLogger("kubernetes.client.rest").debug("response body: %s", "password")
    assert stream.getvalue() == ""


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_text('{"msg": "before"}\n')
    configure_logging(LogConfig(file=str(path)))
    event(EVENTS, {"msg": "é"})
    assert [line["msg"] for line in lines(path.read_text(encoding="utf-8"))] == ["before", "é"]


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "audit.log"
    with pytest.raises(ConfigError) as caught:
        configure_logging(LogConfig(file=str(path)))
    assert str(caught.value) == f"--log-file={path}: No such file or directory"


def test_configuring_again_replaces_what_was_there(tmp_path: Path) -> None:
    path, stream = tmp_path / "audit.log", io.StringIO()
    configure_logging(LogConfig(file=str(path)))
    configure_logging(LogConfig(), stream)
    event(EVENTS, {"msg": "once"})
    assert path.read_text() == ""
    assert [line["msg"] for line in lines(stream.getvalue())] == ["once"]


class Full(io.StringIO):
    """A disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_an_event_that_cannot_be_written_raises() -> None:
    configure_logging(LogConfig(), Full())
    with pytest.raises(OSError, match="No space left on device"):
        event(EVENTS, {"msg": "lost"})


class Many(Bundle):
    """Two events."""

    def lines(self, formatter: logging.Formatter, record: logging.LogRecord) -> bytes:
        return '{"msg": "é"}\n{"msg": "after"}\n'.encode()


@pytest.mark.parametrize("in_memory", [True, False])
def test_many_events_stand_in_one_piece_between_those_before_and_after(tmp_path: Path, in_memory: bool) -> None:
    path, stream = tmp_path / "audit.log", io.StringIO()
    configure_logging(LogConfig(file=str(path)), stream if in_memory else None)
    event(EVENTS, {"msg": "first"})
    events(EVENTS, Many())
    event(EVENTS, {"msg": "last"})
    text = stream.getvalue() if in_memory else path.read_text(encoding="utf-8")
    assert [line["msg"] for line in lines(text)] == ["first", "é", "after", "last"]


def test_many_events_that_cannot_be_written_raise_and_their_file_is_named_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = configure_logging(LogConfig(file="/dev/full"))
    for _ in range(2):
        with pytest.raises(OSError, match="No space left on device"):
            events(EVENTS, Many())
    assert capsys.readouterr().err.count("the log cannot be written to /dev/full") == 1
    forget(handler)


def forget(handler: logging.Handler) -> None:
    """What a full disk has not taken would be tried again when the stream is closed."""
    assert isinstance(handler, LineHandler)
    with pytest.raises(OSError, match="No space left on device"):
        handler.stream.close()


def test_lines_go_to_stderr_in_utf8_in_every_locale() -> None:
    code = "from audit.logs.streams import *; configure_logging(LogConfig()); event(EVENTS, {'msg': 'é'})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=30, env={"PYTHONIOENCODING": "ascii"}, check=True
    )
    assert json.loads(result.stderr)["msg"] == "é"
    assert result.stdout == b""
