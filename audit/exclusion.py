"""Which objects one process leaves out, as a value that can be sent to another process (pure)."""

from __future__ import annotations

from collections.abc import Callable

from constraints.dataclass import dataclass
from constraints.model import Object
from constraints.wildcard import wildcard


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The namespaces that are left out, as patterns (compatibility, section 9).

    `unknown`: nobody knows the patterns, so everything is left out that some could name: what is in a Namespace, and
    Namespaces. What is in none could only be left out together with everything else.
    """

    patterns: tuple[str, ...] = ()
    unknown: bool = False

    def test(self) -> Callable[[Object], bool]:
        """Says of objects whether they are left out, quickly, for it remembers namespaces; not for several threads.

        A Namespace is tested by its own name, every other object by its namespace; that of cluster-scoped objects is
        the empty string, so that the pattern `*` leaves them out too.
        """
        if self.unknown:
            return _may_be_named
        tests = [wildcard(pattern) for pattern in self.patterns]
        seen: dict[str, bool] = {}

        def excluded(item: Object) -> bool:
            name = _namespace_of(item)
            if name not in seen:
                seen[name] = any(matches(name) for matches in tests)
            return seen[name]

        return excluded if tests else _nothing


NOTHING_EXCLUDED = Exclusion()


def _namespace_of(item: Object) -> str:
    metadata = item.get("metadata") or {}
    return (metadata.get("name") if _is_namespace(item) else metadata.get("namespace")) or ""


def _may_be_named(item: Object) -> bool:
    return _is_namespace(item) or bool(item["metadata"].get("namespace"))


def _is_namespace(item: Object) -> bool:
    return item.get("kind") == "Namespace" and item.get("apiVersion") == "v1"


def _nothing(item: Object) -> bool:
    return False
