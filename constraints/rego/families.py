"""All families of builtins: importing this module registers them."""

from __future__ import annotations

from importlib import import_module
from typing import Final

FAMILIES: Final = (
    "aggregates",
    "arithmetic",
    "arrays",
    "comparison",
    "conversions",
    "crypto",
    "encoding",
    "glob",
    "globsmatch",
    "graph",
    "hooks",
    "jsonpaths",
    "jsontext",
    "jwt",
    "jwtverify",
    "net",
    "objects",
    "regex",
    "rendertemplate",
    "schemas",
    "semver",
    "sets",
    "sprintf",
    "strings",
    "time",
    "types",
    "units",
    "uri",
    "uuid",
    "walk",
    "x509",
)

for family in FAMILIES:
    import_module(f"constraints.rego.builtins.{family}")
