"""Questions to an authorizer: declared, so that they are checked like any others. No review of an audit has one."""

from __future__ import annotations

from typing import Final

from constraints.cel.failures import no_overload
from constraints.cel.overloads import method
from constraints.cel.values import Value, type_name

_ROOM: Final = "kubernetes.authorization"
_RESOURCE: Final = f"{_ROOM}.ResourceCheck"
_DECISION: Final = f"{_ROOM}.Decision"


@method(
    f"{_ROOM}.Authorizer.path(string) -> {_ROOM}.PathCheck",
    f"{_ROOM}.Authorizer.group(string) -> {_ROOM}.GroupCheck",
    f"{_ROOM}.Authorizer.serviceAccount(string, string) -> {_ROOM}.Authorizer",
    f"{_ROOM}.GroupCheck.resource(string) -> {_RESOURCE}",
    *(f"{_RESOURCE}.{name}(string) -> {_RESOURCE}" for name in ("subresource", "namespace", "name")),
    *(f"{_RESOURCE}.{name}(string) -> {_RESOURCE}" for name in ("fieldSelector", "labelSelector")),
    f"{_ROOM}.PathCheck.check(string) -> {_DECISION}",
    f"{_RESOURCE}.check(string) -> {_DECISION}",
    *(f"{_DECISION}.{name}() -> bool" for name in ("errored", "allowed")),
    *(f"{_DECISION}.{name}() -> string" for name in ("error", "reason")),
)
def asked(*values: Value) -> Value:
    """Raises Failure: no value is of these types."""
    raise no_overload(f"asked({', '.join(map(type_name, values))})")
