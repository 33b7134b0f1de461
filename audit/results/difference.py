"""What changed between two runs: violations that are new, resolved, or still there, and those that nobody could see.

Two violations are the same when the same constraint, by kind and name, says the same whole text of the same object, by
group, kind, namespace, name and uid. Of each only a digest is kept, so that two large files can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from audit.results.format import WHOLE
from audit.results.reading import Found, Line, RunFile
from audit.standing.hidden import Hidden
from constraints import Gap, Kind, ObjectRef
from constraints.dataclass import value
from constraints.model import Cause

NEW, RESOLVED, STANDING, STALE = CHANGES = ("new", "resolved", "standing", "stale")
_BEFORE, _BOTH, _AFTER, _TOLD = range(4)
_DIGEST: Final = 16
_OF_POLICIES: Final = frozenset({Cause.TEMPLATE, Cause.CONSTRAINT, Cause.DISCOVERY, Cause.RUN})


@value
class Row:
    """A violation that is shown, and what changed with it; empty where nothing is compared."""

    found: Found
    change: str = ""


class Difference:
    """Compares two runs; the file of the one `before` is read `again`, for texts are not kept."""

    def __init__(self, before: RunFile, after: RunFile, again: RunFile) -> None:
        self.before, self.after = before, after
        self._again = again
        self._states: dict[bytes, int] = {}

    def rows(self) -> Iterator[Row]:
        """Each violation of either run once; those of the second run first. Raises ResultsError."""
        for found in self.before.violations():
            self._states[_identity(found)] = _BEFORE
        for found in self.after.violations():
            change = self._seen(_identity(found))
            if change:
                yield Row(found, change)
        sight = Sight(self.after)
        for found in self._again.violations():
            key = _identity(found)
            if self._states.get(key) == _BEFORE:
                self._states[key] = _TOLD
                yield Row(found, STALE if sight.misses(found) else RESOLVED)

    def _seen(self, key: bytes) -> str:
        """What changed with a violation of the second run, empty for one that it has told before."""
        state = self._states.get(key)
        if state is None:
            self._states[key] = _AFTER
            return NEW
        if state == _BEFORE:
            self._states[key] = _BOTH
            return STANDING
        return ""


class Sight:
    """What a run could see, by its gaps and constraints: what it did not find may be there all the same."""

    def __init__(self, run: RunFile) -> None:
        self._whole = run.end.text("outcome") in {outcome.value for outcome in WHOLE}
        self._gaps = [_gap(line) for line in run.gaps]
        named = [(f"{x.text('constraint_kind')}/{x.text('constraint_name')}", x) for x in run.constraints]
        self._enforced = {key: line.text("constraint_status") == "enforced" for key, line in named}
        self._hidden: dict[str, Hidden] = {}

    def misses(self, found: Found) -> bool:
        """Whether the run could not tell whether this violation is still there."""
        if not self._whole:
            return True
        enforced = self._enforced.get(found.constraint)
        if enforced is None:  # gone, unless constraints could not be read
            return any(_of_policies(gap, found.constraint_kind) for gap in self._gaps if _concerns(gap, found))
        if not enforced:
            return True
        hidden = self._hidden.get(found.constraint)
        if hidden is None:
            hidden = Hidden.of(gap for gap in self._gaps if _concerns(gap, found))
            self._hidden[found.constraint] = hidden
        return hidden.hides((Kind(found.group, found.version, found.kind), found.namespace), found.name)


def _identity(found: Found) -> bytes:
    parts = (found.constraint_kind, found.constraint_name, found.group, found.kind, found.namespace, found.name)
    return blake2b("\0".join((*parts, found.uid, found.message)).encode(), digest_size=_DIGEST).digest()


def _concerns(gap: Gap, found: Found) -> bool:
    named = gap.policies or ((gap.policy,) if gap.policy else ())
    if named:
        return found.constraint in named or found.constraint_kind in named
    return gap.cause is not Cause.SINK


def _of_policies(gap: Gap, kind: str) -> bool:
    """Whether for this gap a constraint of that kind may be there that the run did not know of."""
    other = gap.cause is Cause.CONSTRAINT and gap.kind is not None and gap.kind.kind not in ("", kind)
    return gap.cause in _OF_POLICIES and not other


def _cause(text: str) -> Cause:
    """One that is not known here may be about anything."""
    return next((cause for cause in Cause if cause.value == text), Cause.RUN)


def _gap(line: Line) -> Gap:
    """The gap that a line tells of. Raises ResultsError."""
    kind = Kind(line.text("resource_group"), line.text("resource_api_version"), line.text("resource_kind"))
    namespace, name = line.text("resource_namespace"), line.text("resource_name")
    policies = line.fields.get("gap_policies") or ()
    return Gap(
        _cause(line.text("gap_cause")),
        line.text("gap_reason"),
        line.text("msg"),
        kind if any((kind.group, kind.version, kind.kind)) else None,
        ObjectRef(kind, namespace, name) if name else None,
        line.text("gap_policy"),
        namespace,
        tuple(policies) if isinstance(policies, list) else (),
    )
