"""Messages to a topic of Kafka, by librdkafka. Nothing that a broker or a Secret says is in the text of an error."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from audit.errors import ExportError
from audit.export.cloudevents import headers
from audit.export.driver import Advance, Secrets
from audit.export.kafkaerrors import connecting, shown
from audit.export.kafkasettings import Config, KafkaSettings, hidden, key_of, producer_config
from audit.export.portions import Portions, Receipt, Refusal
from audit.export.posting import failed
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.export")
GRACE = 1.5  # seconds in which one of the brokers may still be reached
_SLICE = 0.1  # seconds
_LATE = 2.0  # seconds: librdkafka looks for what is too old once a second
UNTOLD = "?"
_TOO_LARGE = "the broker refuses what is larger than maxMessageBytes or the topic's max.message.bytes: {}"
_REFUSALS = {
    "MSG_SIZE_TOO_LARGE": (Refusal.TOO_LARGE, _TOO_LARGE),
    "RECORD_LIST_TOO_LARGE": (Refusal.TOO_LARGE, _TOO_LARGE),
    "INVALID_RECORD": (Refusal.WRONG, "the broker finds records invalid: {}"),
}
_DENIED = {
    "UNKNOWN_TOPIC_OR_PART": "there is no such topic: {}",
    "_UNKNOWN_TOPIC": "there is no such topic: {}",
    "TOPIC_AUTHORIZATION_FAILED": "the broker does not let this user write to the topic: {}",
    "CLUSTER_AUTHORIZATION_FAILED": "the broker does not let this user write: {}: it needs the right IdempotentWrite",
}
_LOCAL = {UNTOLD, "_MSG_TIMED_OUT", "_TRANSPORT", "_PURGE_QUEUE", "_PURGE_INFLIGHT"}


class Kafka:
    """Produces messages. Secrets are read whenever it is opened, which it is anew after each failure."""

    name = "kafka"

    def __init__(self, settings: KafkaSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._portions = Portions(size=settings.largest // 2)  # each message has a head besides
        self._config: Config | None = None
        self._session: _Session | None = None

    def open(self, resuming: str) -> None:
        """Read the Secrets; connected is later."""
        self._config = producer_config(self._settings, self._secrets)

    def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
        """In their order, as far as they have the same key."""
        return self._portions.send(messages, partial(self._sent, run))

    def end(self, run: str) -> None:
        """Until the next run connections and threads are of no use."""
        self._hang_up()

    def close(self, for_good: bool) -> None:
        """Let go of connections and threads, and of what was in the Secrets."""
        self._hang_up()
        self._config = None

    def _sent(self, run: str, portion: Sequence[bytes]) -> Receipt:
        if self._config is None:
            raise ExportError("the driver is not open", reason="TargetFailed")
        if self._session is None:
            self._session = _Session(self._settings, self._config)
        return self._session.send(run, portion)

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session:
            session.close()


@dataclass(slots=True)
class _Reports:
    """What librdkafka says of each message of a portion, and of the brokers.

    `names` are those of errors, empty for none and UNTOLD while nothing is said; `trouble` is what is the matter with a
    broker; `since` when none could be reached any more.
    """

    names: list[str]
    trouble: str = ""
    since: float = math.inf

    def note(self, number: int, error: KafkaError | None, message: Any = None) -> None:
        """A message is there, or this is why not."""
        self.names[number] = error.name() if error else ""

    def answer(self, settings: KafkaSettings) -> Receipt:
        """How many messages are there before the first one that is not, and why that is not."""
        taken = next((number for number, name in enumerate(self.names) if name), len(self.names))
        if taken == len(self.names):
            return Receipt(taken)
        name = UNTOLD if UNTOLD in self.names else self.names[taken]
        if name in _REFUSALS:
            refusal, text = _REFUSALS[name]
            return Receipt(taken, refusal, text.format(settings.topic))
        return Receipt(taken, error=failed(self._why(name, settings)))

    def _why(self, name: str, settings: KafkaSettings) -> str:
        if name in _DENIED:
            return _DENIED[name].format(settings.topic)
        if name not in _LOCAL:
            return f"the broker does not take them now: {settings.topic}: {name}"
        silence = f"the broker does not confirm them: {settings.brokers}: nothing within {settings.seconds:g} s"
        return self.trouble or silence


class _Session:
    """One producer of librdkafka, with its threads and connections."""

    def __init__(self, settings: KafkaSettings, config: Config) -> None:
        self._settings = settings
        self._reports = _Reports([])
        secrets = hidden(config)
        try:
            self._producer = Producer({**config, "error_cb": self._hear}, logger=_Lines(secrets, self._read))
        except (KafkaException, ValueError) as error:
            raise failed(f"librdkafka takes no such configuration: {shown(str(error), secrets)}") from None

    def send(self, run: str, portion: Sequence[bytes]) -> Receipt:
        """What becomes of the messages, within the time that the settings give."""
        self._reports = reports = _Reports([UNTOLD] * len(portion))
        try:
            for number, message in enumerate(portion):
                self._produce(run, message, partial(reports.note, number))
            self._wait()
        except KafkaException as error:  # for this producer there is no way on
            name = error.args[0].name()
            reports.trouble = _DENIED.get(name, "the broker ends it: {}: " + name).format(self._settings.topic)
        except ValueError:  # of the library that makes texts of what a broker says
            reports.trouble = f"the broker says what is no text: {self._settings.brokers}"
        return reports.answer(self._settings)

    def close(self) -> None:
        """End threads and connections; what is on its way counts as not sent."""
        with suppress(KafkaException, ValueError):
            self._producer.purge(blocking=False)
        with suppress(KafkaException, ValueError):
            self._producer.close()

    def _produce(self, run: str, message: bytes, note: Callable[[KafkaError | None, Any], None]) -> None:
        settings = self._settings
        key = key_of(settings.key, run, message)
        more: dict[str, str | bytes | None] = dict(headers(run, message, settings.source)) if settings.source else {}
        try:
            self._producer.produce(settings.topic, message, key, on_delivery=note, headers=more)
        except KafkaException as error:
            if error.args[0].name() not in _REFUSALS:
                raise
            note(error.args[0], None)

    def _wait(self) -> None:
        """Until all is told, time is up, or it is plain that no broker will be reached."""
        end = time.monotonic() + self._settings.seconds + _LATE
        while self._producer.flush(_SLICE):
            if time.monotonic() > min(end, self._reports.since + GRACE):
                return

    def _hear(self, error: KafkaError) -> None:
        if error.name() == "_ALL_BROKERS_DOWN":
            self._reports.since = min(self._reports.since, time.monotonic())
        else:
            self._reports.trouble = connecting(error.str())

    def _read(self, kind: str, text: str) -> None:
        if kind == "FAIL":  # some failures are told in the log alone
            self._reports.trouble = connecting(text)


class _Lines:
    """Takes librdkafka's own log, which would go to standard error; `read` gets each line with its kind."""

    def __init__(self, secrets: Collection[str], read: Callable[[str, str], None]) -> None:
        self._secrets = secrets
        self._read = read

    def log(self, level: int, form: str, kind: str, producer: str, text: str) -> None:
        """Called by the library. What matters of it is told as errors."""
        self._read(kind, text)
        log.debug("export: librdkafka: %s: %s", kind, shown(text, self._secrets))
