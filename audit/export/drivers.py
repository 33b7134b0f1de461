"""Which drivers there are: one row each. What a driver needs is imported when a Connection names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from audit.export.connection import EXTENDED, Connection
from audit.export.driver import Driver, Means
from audit.export.fields import Fields, invalid


def _dapr(fields: Fields, place: Means) -> Driver:
    from audit.export.dapr import Dapr, DaprSettings

    return Dapr(DaprSettings.of(fields, place.channel, place.environ))


def _disk(fields: Fields, place: Means) -> Driver:
    from audit.export.disk import Disk, DiskSettings

    return Disk(DiskSettings.of(fields, place.channel), place.memo)


def _http(fields: Fields, place: Means) -> Driver:
    from audit.export.http import Http, HttpSettings

    return Http(HttpSettings.of(fields, place.channel), place.secrets)


def _syslog(fields: Fields, place: Means) -> Driver:
    from audit.export.syslog import Syslog, SyslogSettings

    return Syslog(SyslogSettings.of(fields), place.secrets)


def _kafka(fields: Fields, place: Means) -> Driver:
    from audit.export.kafkasettings import KafkaSettings

    settings = KafkaSettings.of(fields, place.channel)
    try:
        from audit.export.kafka import Kafka
    except ImportError as error:
        part = fields.where.removesuffix("config")
        raise invalid(f"{part}driver kafka needs confluent-kafka: install kube-patrol[kafka] ({error})") from error
    return Kafka(settings, place.secrets)


def _stdout(fields: Fields, place: Means) -> Driver:
    from audit.export.stdout import Stdout

    return Stdout()


DRIVERS: Mapping[str, Callable[[Fields, Means], Driver]] = {
    "disk": _disk,
    "stdout": _stdout,
    "http": _http,
    "dapr": _dapr,
    "syslog": _syslog,
    "kafka": _kafka,
}


def driver_of(connection: Connection, place: Means) -> Driver:
    """The driver of a Connection, not opened yet. Raises ExportError, which names the field that is wrong."""
    make = DRIVERS.get(connection.driver)
    if make is None:
        part = connection.where.removesuffix("config")
        raise invalid(f"{part}driver {connection.driver!r} is not known: one of {', '.join(DRIVERS)}")
    fields = Fields(connection.where, connection.config, of_all=(EXTENDED,))
    driver = make(fields, place)
    fields.end()
    return driver
