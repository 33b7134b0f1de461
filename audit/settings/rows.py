"""One row a flag, standing where it goes: the field of a frozen dataclass that it fills.

    interval: int = flag("audit-interval", 60, SECONDS, "seconds between the starts of two runs; 0 turns auditing off")

is all that there is to say about `--audit-interval`: parser, help, environment and the README's table read it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields
from typing import TYPE_CHECKING, Generic, TypeVar

from audit.settings.flagtypes import ALL_OPERATIONS, FlagType, Value
from constraints.dataclass import dataclass

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Group = TypeVar("Group", bound=DataclassInstance)

T = TypeVar("T", bound=Value)
T_co = TypeVar("T_co", bound=Value, covariant=True)

_ROW = "flag"
# A Service named "patrol" makes Kubernetes set PATROL_PORT in every Pod of its namespace.
VARIABLE_NAMES = {"port": "webhook-port"}


@dataclass(frozen=True, slots=True)
class Flag(Generic[T_co]):
    """One flag. `also` is another way to give it: the short `-f`, or a variable that others set, too, as `POD_NAME`.

    An `operand` has no name on the command line but its place there; it may be left out when it is `optional`.
    """

    name: str
    default: T_co
    type: FlagType[T_co]
    help: str
    also: str = ""
    operand: bool = False
    optional: bool = True

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it: `PATROL_AUDIT_INTERVAL` for `audit-interval`."""
        return "PATROL_" + VARIABLE_NAMES.get(self.name, self.name).upper().replace("-", "_")

    @property
    def short(self) -> str:
        """`-f` for a flag that has a short form, else empty."""
        return self.also if self.also.startswith("-") else ""

    @property
    def standard(self) -> str:
        """The variable that others set, too; else empty."""
        return "" if self.short else self.also


AnyFlag = Flag[Value]


def flag(name: str, default: T, type: FlagType[T], help: str, also: str = "") -> T:
    """The field of a dataclass that this flag fills; to a type checker it is its default."""
    return field(default=default, metadata={_ROW: Flag(name, default, type, help, also)})


def operand(name: str, type: FlagType[str], help: str, optional: bool = False) -> str:
    """The field that a text without a flag fills; empty when it may be left out and is."""
    row = Flag(name, "", type, help, operand=True, optional=optional)
    return field(default="", metadata={_ROW: row})


def rows(group: type[DataclassInstance] | DataclassInstance) -> Iterator[tuple[str, AnyFlag]]:
    """The fields of a dataclass that flags fill, in their order."""
    for one in fields(group):
        if _ROW in one.metadata:
            yield one.name, one.metadata[_ROW]


def spelled(value: Value) -> str:
    """A value as one would write it after `=`; a fraction is of a second, and every operation there is as `all`."""
    if value == ALL_OPERATIONS:
        return "all"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}s"
    return ",".join(value) if isinstance(value, tuple) else str(value)
