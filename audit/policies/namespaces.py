"""The Namespaces of one run: listed at its start, and those that are not in the list got one by one.

Always the newest state, which is what a list without resourceVersion gives: the label of a Namespace decides matches,
and a run must not miss one that was set just before it. An API server has nothing cheaper that is as new: a list by
resourceVersion, or a watch, may be behind, and only the next bookmark, a minute later, tells that it was not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import field

from audit.errors import KubeError
from audit.kube.definitions import NAMESPACES
from audit.model import Lost
from audit.policies.reading import Reader
from constraints.dataclass import dataclass
from constraints.model import Object

log = logging.getLogger("kube_patrol.namespaces")
ASKED_FOR = 1000  # one by one in a run; each takes some milliseconds
FAILURES = 3  # in a row, after which the others are not asked for any more in this run


@dataclass(slots=True)
class Namespaces:
    """Those that could be listed, by name, and what became of the others; for one run, and one thread."""

    reader: Reader
    listed: Mapping[str, Object]
    may_list: bool = True
    _asked: dict[str, Object | Lost] = field(default_factory=dict)
    _failures: int = 0

    @classmethod
    def read(cls, reader: Reader) -> Namespaces:
        """List them. Where that fails none is known: each is got when needed, for its labels may be others now."""
        try:
            return cls(reader, {found["metadata"]["name"]: found for found in reader.objects(NAMESPACES)})
        except KubeError as error:
            log.warning("Namespaces could not be listed, those that policies read are got one by one: %s", error)
            return cls(reader, {}, may_list=False)

    def missing(self, name: str) -> Object | Lost:
        """A Namespace that is not among those listed, asked for once."""
        found = self._asked.get(name)
        if found is None:
            found = self._asked[name] = self._get(name)
        return found

    def _get(self, name: str) -> Object | Lost:
        if self._failures >= FAILURES:
            return Lost(f"{FAILURES} others in a row could not be read, so it was not asked for")
        if len(self._asked) >= ASKED_FOR:
            return Lost(f"more than {ASKED_FOR} are missing from the list, so it was not asked for")
        try:
            found = (self.reader.listed_one if self.may_list else self.reader.one)(NAMESPACES, name)
        except KubeError as error:
            self._failures += 1
            return Lost(str(error))
        self._failures = 0
        return Lost("there is none of that name; it may have been deleted meanwhile") if found is None else found
