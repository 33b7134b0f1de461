"""The functions of Kubernetes' CEL environment, one file a family; importing this declares them all."""

from __future__ import annotations

from constraints.cel import operators
from constraints.cel.library import (
    authz,
    cidr,
    conversions,
    formats,
    formatting,
    ip,
    lists,
    optionals,
    quantity,
    regex,
    semver,
    sets,
    standard,
    strings,
    time,
    url,
)

__all__ = [
    "authz",
    "cidr",
    "conversions",
    "formats",
    "formatting",
    "ip",
    "lists",
    "operators",
    "optionals",
    "quantity",
    "regex",
    "semver",
    "sets",
    "standard",
    "strings",
    "time",
    "url",
]
