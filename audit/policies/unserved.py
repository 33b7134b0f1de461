"""Which kinds constraints name that the cluster does not serve, so that they find nothing for ever (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from difflib import get_close_matches

from audit.model import NOT_SERVED, Catalogue, Resource
from constraints import Cause, Constraint, Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import ANY

_CLOSE = 0.75  # of 1, as difflib counts: Deployments, Deploment, IngressRoute for Ingress no more


@dataclass(frozen=True, slots=True)
class _Named:
    """A kind that a constraint names, and the groups in which it does; ANY is one of them where it names none."""

    kind: str
    groups: dict[str, None] = field(default_factory=dict)


def unserved(constraints: Iterable[Constraint], catalogue: Catalogue) -> tuple[Gap, ...]:
    """A Gap for each kind that a constraint names and that none of the groups it is named with serves.

    Constraints name kinds of many versions of Kubernetes (extensions/Ingress beside networking.k8s.io/Ingress), and
    entries with several groups and kinds name more pairs than they mean: one of them is enough. Wildcards name nothing.
    """
    known = [resource.kind for resource in catalogue.listed]
    served = {(kind.kind, kind.group) for kind in (*known, *catalogue.momentary)}
    blind = {(kind.kind, kind.group) for kind in catalogue.unlisted}
    gaps: list[Gap] = []
    for constraint in constraints:
        for named in _named(constraint):
            if _found(named, served) or any(catalogue.hides(Kind(group, "", named.kind)) for group in named.groups):
                continue
            why = "the API server does not list it" if _found(named, blind) else _nowhere(named, catalogue.listed)
            gaps += _gaps(constraint, named, why)
    return tuple(gaps)


def _named(constraint: Constraint) -> Iterator[_Named]:
    found: dict[str, _Named] = {}
    for groups, kinds in constraint.kinds:
        for kind in () if ANY in kinds else kinds:
            named = found.setdefault(kind, _Named(kind))
            named.groups.update(dict.fromkeys(groups if groups and ANY not in groups else (ANY,)))
    return iter(found.values())


def _found(named: _Named, kinds: set[tuple[str, str]]) -> bool:
    return any(kind == named.kind and (group in named.groups or ANY in named.groups) for kind, group in kinds)


def _gaps(constraint: Constraint, named: _Named, why: str) -> Iterator[Gap]:
    """One Gap a group, so that it is known whose results of the last run stand."""
    for group in named.groups:
        where = "" if group == ANY else f" of the API group {group or 'core'}"
        message = f"constraint {constraint.key}: spec.match.kinds names {named.kind}{where}, but {why}"
        yield Gap(Cause.DISCOVERY, NOT_SERVED, message, Kind(group, "", named.kind), policy=constraint.key)


def _nowhere(named: _Named, listed: Sequence[Resource]) -> str:
    elsewhere = sorted({resource.kind.group or "core" for resource in listed if resource.kind.kind == named.kind})
    if elsewhere:
        return f"{named.kind} is served in {', '.join(elsewhere)}"
    likely = _alike(named, listed)
    return f"the cluster does not serve it{f'; is {likely} meant?' if likely else ''}"


def _alike(named: _Named, listed: Sequence[Resource]) -> str:
    """The served kind that was probably meant: its plural was written, or something close; its own groups first."""
    by_word: dict[str, str] = {}
    for resource in sorted(listed, key=lambda resource: resource.kind.group not in named.groups):
        for word in (resource.kind.kind.lower(), resource.plural.lower()):
            by_word.setdefault(word, resource.kind.kind)
    [likely] = get_close_matches(named.kind.lower(), by_word, 1, _CLOSE) or [""]
    return by_word.get(likely, "")
