"""What was set, by command line and environment, on its way into the groups of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from audit.settings.flagtypes import Value
from audit.settings.rows import rows
from constraints.dataclass import dataclass

if TYPE_CHECKING:
    from audit.settings.rows import Group


@dataclass(frozen=True, slots=True)
class Values:
    """A value for each flag that was set. `given` says how: flag to spelling, e.g. `--once`."""

    values: Mapping[str, Value] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    def fill(self, group: Group) -> Group:
        """The same group with what was set; words each once, in the order given."""
        told = {place: _once(self.values[row.name]) for place, row in rows(group) if row.name in self.values}
        return replace(group, **told)


def _once(value: Value) -> Value:
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple) else value
