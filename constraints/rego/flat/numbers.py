"""What OPA calls the variables that it renames or makes up: it shows where it goes through keys in the order of names.

The type of an object with several keys that are not known is that of the last one; `__local10__` is before
`__local9__`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from constraints.rego.names.modules import Definition
from constraints.rego.names.scope import Step


def number(definitions: Sequence[Definition]) -> None:
    """Name the variables of all definitions, given in the order of their modules: one step after the other."""
    numbers = count()
    named: list[dict[str, str]] = [{} for _ in definitions]
    order = sorted(range(len(definitions)), key=lambda at: definitions[at].module.source)
    for step in Step:
        for at in order:
            for made_by, name in definitions[at].fresh.made:
                if made_by is step:
                    named[at][name] = f"__local{next(numbers)}__"
    for one, names in zip(definitions, named, strict=True):
        one.fresh.opas = names
