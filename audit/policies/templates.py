"""Keeps an engine's templates as the cluster has them, and compiles only what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from audit.errors import KubeError
from audit.model import Resource, TemplateRecord
from audit.policies.reading import Listed
from constraints import Cause, Engine, Gap, Kind, PolicyError, Template
from constraints.dataclass import dataclass
from constraints.errors import CompileError, EngineMissing
from constraints.model import Json, Object

GROUP = "templates.gatekeeper.sh"
VERSIONS = ("v1", "v1beta1", "v1alpha1")
PLURAL = "constrainttemplates"
TEMPLATES = tuple(Resource(Kind(GROUP, version, "ConstraintTemplate"), PLURAL, False) for version in VERSIONS)


@dataclass(frozen=True, slots=True)
class Ingestion:
    """One template was given to the engine: how long that took, and whether the engine took it."""

    name: str
    seconds: float
    accepted: bool


class TemplateBook:
    """The templates of `engine`. With `referential` false, those that read `data.inventory` are refused."""

    def __init__(self, engine: Engine, referential: bool, elapsed: Callable[[], float] = time.perf_counter) -> None:
        self._engine = engine
        self._referential = referential
        self._elapsed = elapsed
        self._records: dict[str, TemplateRecord] = {}

    def update(self, listed: Iterable[Listed]) -> tuple[Ingestion, ...]:
        """Make the engine hold the `listed` templates and nothing else; gives those that it had to look at."""
        found = {obj["metadata"]["name"]: (obj, version.resource) for version in listed for obj in version.objects}
        for name in self._records.keys() - found.keys():
            self._forget(name)
        looked_at = (self._refresh(name, *found[name]) for name in sorted(found))
        return tuple(ingestion for ingestion in looked_at if ingestion is not None)

    @property
    def records(self) -> tuple[TemplateRecord, ...]:
        """Every template, by name."""
        return tuple(self._records[name] for name in sorted(self._records))

    def _refresh(self, name: str, obj: Object, resource: Resource) -> Ingestion | None:
        last = self._records.get(name)
        if last and _policy_of(last.obj) == _policy_of(obj):
            self._records[name] = replace(last, obj=obj, resource=resource)
            return None
        self._forget(name)
        begun = self._elapsed()
        try:
            template = self._add(obj)
            record = TemplateRecord(obj, template, resource, admission=self._engine.admission_fields(template.kind))
        except PolicyError as error:
            record = TemplateRecord(obj, None, resource, (error,))
        self._records[name] = record
        return Ingestion(name, self._elapsed() - begun, not record.errors)

    def _add(self, obj: Object) -> Template:
        template = self._engine.add_template(obj)
        if template.inventory and not self._referential:
            self._engine.remove_template(template.kind)
            raise CompileError(
                f'ConstraintTemplate "{template.name}": its code reads data.inventory, '
                "which --enable-referential-rules=false does not allow"
            )
        return template

    def _forget(self, name: str) -> None:
        """A template that changed must not go on answering with its old code, should the new one be in error."""
        last = self._records.pop(name, None)
        if last and last.template:
            self._engine.remove_template(last.template.kind)


def by_version(objects: Iterable[Object]) -> tuple[Listed, ...]:
    """Templates by their version: a status is written in the one that was read."""
    versions = {resource.kind.api_version: resource for resource in TEMPLATES}
    found: dict[Resource, list[Object]] = {}
    for obj in objects:
        found.setdefault(versions.get(str(obj.get("apiVersion")), TEMPLATES[0]), []).append(obj)
    return tuple(Listed(resource, tuple(each)) for resource, each in found.items())


def gaps(record: TemplateRecord) -> tuple[Gap, ...]:
    """What this template's constraints cannot be audited for."""
    return tuple(
        Gap(Cause.TEMPLATE, reason(error), _named(record.name, error), policy=record.kind) for error in record.errors
    )


def reason(error: PolicyError) -> str:
    """The CamelCase word for an error in a policy; the API server's own where its CRD could not be written."""
    if isinstance(error.__cause__, KubeError):
        return error.__cause__.reason
    if isinstance(error, EngineMissing):
        return "NoEngine"
    return CompileError.__name__ if isinstance(error, CompileError) else type(error).__name__


def _named(name: str, error: PolicyError) -> str:
    return str(error) if str(error).startswith("ConstraintTemplate") else f'ConstraintTemplate "{name}": {error}'


def _policy_of(obj: Object) -> tuple[Json, ...]:
    metadata = obj["metadata"]
    return obj.get("apiVersion"), metadata.get("uid"), metadata.get("labels"), obj.get("spec")
