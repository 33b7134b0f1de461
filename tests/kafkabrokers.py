"""A broker for tests of the driver kafka: librdkafka's own mock cluster, in this process, and what was written to it.

The mock is part of the library that confluent-kafka brings; Python's names for it are made here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

PRODUCE, INIT_PRODUCER_ID = 0, 22  # numbers of requests in Kafka's protocol
_POINTER, _TEXT, _NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_FUNCTIONS: dict[str, tuple[Any, Sequence[Any]]] = {  # what they give, and what they take
    "conf_new": (_POINTER, ()),
    "conf_set": (_NUMBER, (_POINTER, _TEXT, _TEXT, _TEXT, ctypes.c_size_t)),
    "new": (_POINTER, (_NUMBER, _POINTER, _TEXT, ctypes.c_size_t)),
    "destroy": (None, (_POINTER,)),
    "mock_cluster_new": (_POINTER, (_POINTER, _NUMBER)),
    "mock_cluster_destroy": (None, (_POINTER,)),
    "mock_cluster_bootstraps": (_TEXT, (_POINTER,)),
    "mock_topic_create": (_NUMBER, (_POINTER, _TEXT, _NUMBER, _NUMBER)),
    "mock_topic_set_error": (None, (_POINTER, _TEXT, _NUMBER)),
    "mock_broker_set_down": (_NUMBER, (_POINTER, ctypes.c_int32)),
    "mock_broker_set_up": (_NUMBER, (_POINTER, ctypes.c_int32)),
    "mock_broker_set_rtt": (_NUMBER, (_POINTER, ctypes.c_int32, _NUMBER)),
    "mock_broker_set_host_port": (_NUMBER, (_POINTER, ctypes.c_int32, _TEXT, _NUMBER)),
    "mock_push_request_errors_array": (None, (_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(_NUMBER))),
}


@cache
def _library() -> Any:
    [path] = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "librdkafka" in line}
    library = ctypes.CDLL(path)
    for name, (gives, takes) in _FUNCTIONS.items():
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = gives, list(takes)
    return library


@dataclass(frozen=True)
class Record:
    """One message as a consumer gets it."""

    value: bytes
    key: bytes | None
    partition: int
    headers: dict[str, bytes]


@dataclass(frozen=True)
class KafkaBroker:
    """A mock cluster of one broker; `address` is where it listens, whatever it says of itself."""

    cluster: int
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def create(self, topic: str, partitions: int) -> None:
        """A topic; one that nobody has created has four partitions."""
        assert _library().rd_kafka_mock_topic_create(self.cluster, topic.encode(), partitions, 1) == 0

    def lacks(self, topic: str, error: int) -> None:
        """Whoever asks for a topic gets an error from now on."""
        _library().rd_kafka_mock_topic_set_error(self.cluster, topic.encode(), error)

    def refuse(self, request: int, *errors: int) -> None:
        """The next requests of a kind get these errors, one after the other."""
        array = (_NUMBER * len(errors))(*errors)
        _library().rd_kafka_mock_push_request_errors_array(self.cluster, request, len(errors), array)

    def down(self) -> None:
        """Connections are closed, and refused."""
        _library().rd_kafka_mock_broker_set_down(self.cluster, -1)

    def up(self) -> None:
        """It is there again."""
        _library().rd_kafka_mock_broker_set_up(self.cluster, -1)

    def delay(self, milliseconds: int) -> None:
        """Each answer comes so much later."""
        _library().rd_kafka_mock_broker_set_rtt(self.cluster, -1, milliseconds)

    def says_it_is_at(self, port: int) -> None:
        """What it tells of itself, because something stands before it."""
        _library().rd_kafka_mock_broker_set_host_port(self.cluster, 1, b"127.0.0.1", port)

    def records(self, topic: str) -> list[Record]:
        """All that was written to a topic, partition by partition."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "tests", "fetch.wait.max.ms": 1})
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            return [record for number in sorted(partitions) for record in _read(consumer, topic, number)]
        finally:
            consumer.close()

    def count(self, topic: str) -> int:
        """How many messages were ever written to a topic: the mock forgets the oldest of many."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "counts"})
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            return sum(consumer.get_watermark_offsets(TopicPartition(topic, each), 10)[1] for each in partitions)
        finally:
            consumer.close()

    def values(self, topic: str) -> list[bytes]:
        """The messages of `records`."""
        return [record.value for record in self.records(topic)]


def _read(consumer: Consumer, topic: str, partition: int) -> Iterator[Record]:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
    consumer.assign([TopicPartition(topic, partition, low)])
    left = high - low
    while left:
        for message in consumer.consume(left, 10):
            assert message.error() is None
            headers = {name: bytes(value) for name, value in message.headers() or ()}
            yield Record(message.value() or b"", message.key(), partition, headers)
            left -= 1


@contextmanager
def kafka_broker() -> Iterator[KafkaBroker]:
    """A broker on 127.0.0.1, gone with the block."""
    library = _library()
    conf = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(conf, b"log_level", b"0", None, 0)
    handle = library.rd_kafka_new(0, conf, None, 0)
    cluster = library.rd_kafka_mock_cluster_new(handle, 1)
    try:
        yield KafkaBroker(cluster, library.rd_kafka_mock_cluster_bootstraps(cluster).decode())
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(handle)
