"""Keeps an engine's constraints as the cluster has them, and says of each that exists whether it is enforced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from audit.model import ConstraintRecord, Resource, TemplateRecord, kind_of
from audit.policies.reading import Listed
from audit.policies.templates import reason
from constraints import Cause, Engine, Gap, Kind, PolicyError, Template
from constraints.crd import GROUP, VERSIONS
from constraints.dataclass import dataclass
from constraints.errors import ConstraintError
from constraints.model import Json, Object

# Written by every status update; nothing that a constraint says.
_BOOKKEEPING = frozenset({"managedFields", "resourceVersion"})


class TemplateInError(ConstraintError):
    """A constraint that cannot be enforced because its template cannot."""


@dataclass(frozen=True, slots=True)
class _Entry:
    record: ConstraintRecord
    template: Template | None


class ConstraintBook:
    """The constraints of `engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._entries: dict[str, _Entry] = {}

    def update(self, listed: Iterable[Listed], broken: Mapping[str, str]) -> tuple[ConstraintRecord, ...]:
        """Make the engine hold the `listed` constraints and nothing else.

        `broken` says why the template of a kind is not there although it exists.
        """
        found = {_key(obj): (obj, kind.resource) for kind in listed for obj in kind.objects}
        for key in self._entries.keys() - found.keys():
            del self._entries[key]
            self._engine.remove_constraint(key)
        for key, (obj, resource) in found.items():
            self._entries[key] = self._refreshed(key, obj, resource, broken)
        return tuple(self._entries[key].record for key in sorted(found))

    def _refreshed(self, key: str, obj: Object, resource: Resource, broken: Mapping[str, str]) -> _Entry:
        kind = obj["kind"]
        template, last = self._engine.templates.get(kind), self._entries.get(key)
        if last and template and last.template is template and _policy_of(last.record.obj) == _policy_of(obj):
            return replace(last, record=replace(last.record, obj=obj, resource=resource))
        self._engine.remove_constraint(key)
        try:
            if template is None and kind in broken:
                raise TemplateInError(broken[kind])
            record = ConstraintRecord(obj, self._engine.add_constraint(obj), resource)
        except PolicyError as error:
            record = ConstraintRecord(obj, None, resource, (error,))
        return _Entry(record, template)


def gaps(record: ConstraintRecord) -> tuple[Gap, ...]:
    """Why a constraint is not enforced."""
    return tuple(
        Gap(Cause.CONSTRAINT, reason(error), f"constraint {_named(record.key, error)}", policy=record.key)
        for error in record.errors
    )


def resources_of(template: TemplateRecord) -> tuple[Resource, ...]:
    """Where the constraints of a template are, should discovery not have seen their CRD yet; none for a bad name."""
    kind = kind_of(template.obj)
    return (Resource(Kind(GROUP, VERSIONS[0], kind), template.name, False),) if kind else ()


def _named(key: str, error: PolicyError) -> str:
    return str(error) if str(error).startswith(key) else f"{key}: {error}"


def _key(obj: Object) -> str:
    return f"{obj['kind']}/{obj['metadata']['name']}"


def _policy_of(obj: Object) -> tuple[Json, ...]:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _BOOKKEEPING}
    return obj.get("apiVersion"), metadata, obj.get("spec")
