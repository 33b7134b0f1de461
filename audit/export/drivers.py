"""Which drivers there are: one row each. What a driver needs is imported when a Connection names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from audit.export.connection import Connection
from audit.export.driver import Driver
from audit.export.fields import Fields, invalid


def _disk(fields: Fields, channel: str) -> Driver:
    from audit.export.disk import Disk, DiskSettings

    return Disk(DiskSettings.of(fields, channel))


def _stdout(fields: Fields, channel: str) -> Driver:
    from audit.export.stdout import Stdout

    return Stdout()


DRIVERS: Mapping[str, Callable[[Fields, str], Driver]] = {"disk": _disk, "stdout": _stdout}


def driver_of(connection: Connection, channel: str) -> Driver:
    """The driver of a Connection, not opened yet. Raises ExportError, which names the field that is wrong."""
    make = DRIVERS.get(connection.driver)
    if make is None:
        place = connection.where.removesuffix("config")
        raise invalid(f"{place}driver {connection.driver!r} is not known: one of {', '.join(DRIVERS)}")
    fields = Fields(connection.where, connection.config)
    driver = make(fields, channel)
    fields.end()
    return driver
