"""Two streams of JSON lines in one place: events, that machines read, and diagnostics, that people read.

Events are logged whatever --log-level says and carry `event_type`; diagnostics follow the level and never carry it
(compatibility, section 3.4).
"""

from __future__ import annotations

import io
import logging
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
from pythonjsonlogger.orjson import OrjsonFormatter

from audit.errors import ConfigError
from audit.fields import valid_text
from audit.settings.config import LogConfig
from constraints.golang.digits import integer_text
from constraints.model import Json

EVENTS = logging.getLogger("controller")  # the `logger` of Gatekeeper's lines

_FIELDS = "%(levelname)s %(created)f %(name)s %(message)s"
_NAMES = {"created": "ts", "name": "logger", "message": "msg", "exc_info": "stacktrace", "stack_info": "stacktrace"}
_WORDS = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error"}
_COLOURS = {logging.DEBUG: 35, logging.INFO: 34, logging.WARNING: 33, logging.ERROR: 31}  # those of zap
JSON_OPTIONS = orjson.OPT_NON_STR_KEYS  # what the formatter's library takes
json_default = str  # for values that JSON has no form of
_DEEPEST = 200  # orjson gives up at 254
_INT64 = range(-(2**63), 2**64)


def level_text(level: int, encoder: str) -> str:
    """The level as zap writes it: `warn`, `WARN`, or either in colour."""
    known = max((number for number in _WORDS if number <= level), default=logging.DEBUG)
    word = _WORDS[known].upper() if encoder.startswith("capital") else _WORDS[known]
    return f"\x1b[{_COLOURS[known]}m{word}\x1b[0m" if encoder.endswith("color") else word


class Bundle(ABC):
    """Many events that one record has as its `msg`."""

    @abstractmethod
    def lines(self, formatter: logging.Formatter, record: logging.LogRecord) -> bytes:
        """Their lines as `formatter` makes them, each with the record's time and logger, and a line break."""


class LineFormatter(OrjsonFormatter):
    """Level, ts, logger, msg, process, and then the rest of an event or what a diagnostic has in `extra`."""

    def __init__(self, config: LogConfig) -> None:
        names = {**_NAMES, "levelname": config.level_key}
        super().__init__(_FIELDS, rename_fields=names, static_fields={"process": "audit"}, json_default=json_default)
        self._level_key = config.level_key
        self._level_texts = {level: level_text(level, config.level_encoder) for level in _WORDS}
        self._encoder = config.level_encoder

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """As the library does, with the level's own word and the text of an exception."""
        super().add_fields(log_data, record, message_dict)
        text = self._level_texts.get(record.levelno) or level_text(record.levelno, self._encoder)
        log_data[self._level_key] = text
        if record.exc_info and record.exc_info[1] is not None:
            log_data.setdefault("error", str(record.exc_info[1]))

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """One line of JSON, whatever a policy put into it."""
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:  # half a surrogate pair, a number too large, a value nested too deep
            return orjson.dumps(writable(log_data)).decode()


def encoded(value: Json, options: int = JSON_OPTIONS) -> bytes:
    """The JSON of a value, as lines of the log have it; what has no place in JSON is made `writable` first."""
    try:
        return orjson.dumps(value, json_default, options)
    except TypeError:  # half a surrogate pair, a number too large, a value nested too deep
        return orjson.dumps(writable(value), option=options)


def writable(value: Json, depth: int = 0) -> Json:
    """A copy that every JSON reader accepts: other text for what has no place in JSON, null for what is too deep."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if value in _INT64 else integer_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {valid_text(str(key)): writable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [writable(item, depth + 1) for item in value]
    return valid_text(str(value))


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines; an event that cannot be written raises, so that its loss becomes a Gap.

    That lines cannot be written to a file that was opened for this handler is said once, on stderr.
    """

    def __init__(self, stream: TextIO, owned: bool = False) -> None:
        super().__init__(stream)
        self._owned = owned
        self._told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or those of a Bundle: as the bytes that they are, which a text stream would take and give."""
        told: object = record.msg
        if not isinstance(told, Bundle):
            super().emit(record)
            return
        lines = told.lines(self.formatter or LineFormatter(LogConfig()), record)
        try:
            self._write(lines)
        except (OSError, ValueError):  # the second where the stream has been closed
            self.handleError(record)

    def _write(self, lines: bytes) -> None:
        raw = getattr(self.stream, "buffer", None)  # a stream in memory has none
        if raw is None:
            self.stream.write(lines.decode())
        else:
            self.stream.flush()
            raw.write(lines)
        self.flush()

    def handleError(self, record: logging.LogRecord) -> None:
        """Called inside the `except` of `emit`."""
        if not self._told and self._owned:  # else there is no other place to say it
            self._told = True
            cure = "free space there, or name another file with --log-file"
            sys.stderr.write(f"patrol: the log cannot be written to {self.stream.name}: {sys.exc_info()[1]}; {cure}\n")
        if record.name == EVENTS.name:
            raise  # logging calls this while it handles the error

    def close(self) -> None:
        """Also closes the stream, when it was opened for this handler."""
        super().close()
        if self._owned:
            self.stream.close()


def event(logger: logging.Logger, fields: Mapping[str, Json], level: int = logging.INFO) -> None:
    """Log one event, with `fields` after level, ts and logger; no level or sampling stops it."""
    # Straight to the handlers: finding out who called costs as much as all the rest of a line.
    logger.handle(logging.LogRecord(logger.name, level, "", 0, fields, None, None))


def events(logger: logging.Logger, batch: Bundle) -> None:
    """Log many events at once: all their lines are written in one go."""
    logger.handle(logging.LogRecord(logger.name, logging.INFO, "", 0, batch, None, None))


def configure_logging(config: LogConfig, stream: TextIO | None = None) -> logging.Handler:
    """Send every line of this process to `stream`, the configured file or stderr.

    Raises ConfigError when the file cannot be opened. Calling it again replaces what the call before has set up.
    """
    handler = LineHandler(stream) if stream else _handler(config)
    handler.setFormatter(LineFormatter(config))
    root = logging.getLogger()
    for logger in (root, EVENTS):
        for old in [each for each in logger.handlers if isinstance(each, LineHandler)]:
            logger.removeHandler(old)
            old.close()
        logger.addHandler(handler)
    root.setLevel(config.known_level)
    EVENTS.propagate = False
    logging.getLogger("kubernetes").setLevel(max(root.level, logging.INFO))  # its DEBUG shows bodies, Secrets too
    # It warns of each connection that it does not keep; what is wrong with one, our own lines say.
    logging.getLogger("urllib3").setLevel(logging.NOTSET if root.level <= logging.DEBUG else logging.ERROR)
    return handler


def _handler(config: LogConfig) -> LineHandler:
    if config.file:
        try:
            return LineHandler(open(config.file, "a", encoding="utf-8"), owned=True)
        except OSError as error:
            raise ConfigError(f"--log-file={config.file}: {error.strerror}") from error
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # JSON is UTF-8 in every locale
    return LineHandler(sys.stderr)
