"""Reads what objects are held against: templates, constraints, and what surrounds them.

`Policies` lives as long as the process, so that what has not changed since the last run is not compiled again, and what
cannot be read in one run is still known from the last. Nothing is written from here: what was read is a value, of which
others tell.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import field, replace
from threading import Lock

from audit.errors import NotFound
from audit.exclusion import Exclusion
from audit.model import ConstraintRecord, Resource, Syncing, TemplateRecord
from audit.policies import constraints as records
from audit.policies import templates as policy_templates
from audit.policies import unsupported
from audit.policies.constraints import ConstraintBook
from audit.policies.namespaces import Namespaces
from audit.policies.reading import Kept, Listed, Reader
from audit.policies.surroundings import GATEKEEPER_NAMESPACE, Surroundings
from audit.policies.templates import TEMPLATES, Ingestion, TemplateBook, by_version
from constraints import Cause, Engine, Gap, Inventory
from constraints.crd import GROUP as CONSTRAINTS_GROUP
from constraints.dataclass import dataclass
from constraints.model import CEL, Object, not_auditable

log = logging.getLogger("kube_patrol.policies")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How policies are read; `namespace` is that of this pod, where a Config may be.

    `empty` makes an engine without policies; `inventory_memory` are the bytes that `data.inventory` may take, 0 for any
    number. Whoever compiles or evaluates policies has the `turn`: engines are not for several threads at once.
    """

    namespace: str = GATEKEEPER_NAMESPACE
    referential: bool = True
    empty: Callable[[], Engine] = Engine
    inventory_memory: int = 0
    turn: AbstractContextManager[object] = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates that exist, and what could not be read of them; `ingestions` are those compiled for this run.

    `known`: they have been read at least once; `fresh`: they were read in this run.
    """

    records: tuple[TemplateRecord, ...]
    ingestions: tuple[Ingestion, ...] = ()
    gaps: tuple[Gap, ...] = ()
    known: bool = True
    fresh: bool = True

    @property
    def with_cel(self) -> int:
        """How many templates that are not in error have code in CEL."""
        return sum(
            any(code.engine == CEL for code in record.template.code) for record in self.records if record.template
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run holds objects against, and what could not be read of it.

    `records` are all constraints that exist, `fresh` those that were read in this run, not kept from the last.
    `synced` tells of the inventory, None where no policy reads it.
    """

    engine: Engine
    templates: Templates
    records: tuple[ConstraintRecord, ...]
    exclusion: Exclusion
    inventory: Inventory
    namespaces: Namespaces
    gaps: tuple[Gap, ...] = ()
    fresh: tuple[ConstraintRecord, ...] = ()
    synced: Syncing | None = None


class Policies:
    """Keeps one engine in step with the cluster, from run to run. Not for several threads at once."""

    def __init__(self, settings: PolicySettings, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._engine = settings.empty()
        self._templates = TemplateBook(self._engine, settings.referential, elapsed)
        self._constraints = ConstraintBook(self._engine)
        self._listed_templates = Kept(Listed(TEMPLATES[0]))
        self._listed: dict[str, Kept[Listed]] = {}
        self._surroundings = Surroundings(settings.namespace, settings.inventory_memory)

    def templates(self, reader: Reader) -> Templates:
        """Read and compile the templates. What cannot be read is a Gap, and nothing is raised."""
        gaps = self._list_templates(reader)
        with self.settings.turn:
            ingestions = self._templates.update([self._listed_templates.value])
        self._say_what_no_audit_has(ingestions)
        kept = self._listed_templates
        return Templates(self._templates.records, ingestions, gaps, kept.known, kept.fresh)

    def load(self, reader: Reader, templates: Templates, defines: bool = True) -> Loaded:
        """Read everything else; what cannot be read is a Gap, and nothing is raised.

        `templates` are those that were just read, by now with what is wrong with the CRDs of their constraints;
        `defines`: such CRDs are made by this program.
        """
        constraint_gaps = self._list_constraints(reader, templates.records, defines)
        with self.settings.turn:
            found = self._constraints.update((kept.value for kept in self._listed.values()), self._broken(templates))
        around = self._surroundings.read(reader, self._engine)
        unheeded = unsupported.unsupported(reader, unsupported.InForce(self._engine.enforced(), templates.records))
        template_gaps = (gap for record in templates.records for gap in policy_templates.gaps(record))
        policy_gaps = (*template_gaps, *(gap for record in found for gap in records.gaps(record)))
        return Loaded(
            engine=self._engine,
            templates=templates,
            records=found,
            exclusion=around.exclusion,
            inventory=around.inventory,
            namespaces=around.namespaces,
            gaps=(*templates.gaps, *constraint_gaps, *around.gaps, *policy_gaps, *unheeded),
            fresh=tuple(record for record in found if self._listed[record.resource.plural].fresh),
            synced=around.synced,
        )

    def _say_what_no_audit_has(self, ingestions: Iterable[Ingestion]) -> None:
        """Once for each template that is new or has changed."""
        names = {ingestion.name for ingestion in ingestions}
        for record in self._templates.records:
            if record.name in names and record.admission:
                log.info("%s", not_auditable(record.name, record.admission))

    def _list_templates(self, reader: Reader) -> tuple[Gap, ...]:
        error = self._listed_templates.renew(lambda: _read_templates(reader, self._listed_templates.value))
        if error:
            kept = "those of the last run are used" if self._listed_templates.known else "there are none to audit with"
            return (Gap(Cause.TEMPLATE, error.reason, f"ConstraintTemplates could not be listed, {kept}: {error}"),)
        if not self._listed_templates.value.served:
            message = (
                f"the cluster does not serve {TEMPLATES[0].kind.group}: there are no policies, and nothing is audited"
            )
            return (Gap(Cause.TEMPLATE, "NotServed", message),)
        return ()

    def _list_constraints(self, reader: Reader, templates: Sequence[TemplateRecord], defines: bool) -> tuple[Gap, ...]:
        """List every kind of constraint that a template defines or that the cluster serves."""
        resources = {r.plural: r for template in templates for r in records.resources_of(template)}
        of_templates = set(resources)
        resources |= {resource.plural: resource for resource in reader.of_group(CONSTRAINTS_GROUP)}
        for plural in self._listed.keys() - resources.keys():
            del self._listed[plural]
        gaps = [
            gap
            for plural in sorted(resources)
            for gap in self._list_kind(reader, resources[plural], plural in of_templates)
        ]
        failed = {template.kind for template in templates if template.errors}
        return (*gaps, *self._unserved(failed, "" if defines else ": nobody made their CRD"))

    def _list_kind(self, reader: Reader, resource: Resource, has_template: bool) -> tuple[Gap, ...]:
        kind = resource.kind.kind
        kept = self._listed.setdefault(resource.plural, Kept(Listed(resource)))
        listed = replace(kept.value, resource=resource)
        error = kept.renew(lambda: _read_constraints(reader, listed, has_template))
        if error is None:
            return ()
        last = "those of the last run are used" if kept.known else "none of them is audited"
        message = f"constraints of kind {kind} could not be listed, {last}: {error}"
        return (Gap(Cause.CONSTRAINT, error.reason, message, resource.kind, policy=kind),)

    def _unserved(self, failed: Set[str], why: str) -> tuple[Gap, ...]:
        """Templates whose constraints cannot be listed; not those that have `failed`, which says enough."""
        unserved = {kept.value.resource.kind.kind for kept in self._listed.values() if not kept.value.served}
        return tuple(
            Gap(
                Cause.TEMPLATE,
                "NotServed",
                f"constraints of kind {kind} are not served{why}",
                policy=kind,
            )
            for kind in sorted((unserved & self._engine.templates.keys()) - failed)
        )

    def _broken(self, templates: Templates) -> Mapping[str, str]:
        """Why the template of a kind cannot be used although it exists, or may exist."""
        if not templates.known:
            kinds = [kept.value.resource.kind.kind for kept in self._listed.values()]
            return dict.fromkeys(kinds, "the ConstraintTemplates could not be listed")
        return {
            record.kind: f"its ConstraintTemplate {record.name} is in error: {record.errors[0]}"
            for record in templates.records
            if not record.template
        }


def compiled(templates: Iterable[Object], settings: PolicySettings) -> tuple[TemplateRecord, ...]:
    """What becomes of templates in an engine that is then forgotten, while a run may have its own."""
    book = TemplateBook(settings.empty(), settings.referential)
    with settings.turn:
        book.update(by_version(templates))
    return book.records


def _read_templates(reader: Reader, last: Listed) -> Listed:
    """The templates in the version that the cluster prefers, or in any that it serves.

    Raises KubeError; NotFound where those of the last run may be there all the same.
    """
    preferred = reader.known(TEMPLATES[0].kind.group, TEMPLATES[0].kind.kind)
    missing: NotFound | None = None
    for resource in (preferred,) if preferred else TEMPLATES:
        try:
            return Listed(resource, tuple(reader.objects(resource)))
        except NotFound as error:
            missing = error
    if missing and last.objects and reader.defined(last.resource):
        raise missing
    return Listed(TEMPLATES[0], served=False)


def _read_constraints(reader: Reader, last: Listed, has_template: bool) -> Listed:
    """The constraints of one kind, and whether the cluster serves it.

    Raises KubeError; NotFound where there were some, and their template is still there: its definition is made anew
    when it is missing, so the constraints cannot have been given up.
    """
    try:
        return Listed(last.resource, tuple(reader.objects(last.resource)))
    except NotFound:
        if last.objects and has_template:
            raise
        return Listed(last.resource, served=False)
