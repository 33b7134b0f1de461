"""Reads what objects are held against: templates, constraints, and what surrounds them.

`Policies` lives as long as the process, so that what has not changed since the last run is not compiled again, and what
cannot be read in one run is still known from the last.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from audit.controller.bypod import ByPod
from audit.controller.crds import ConstraintCrds, Patience
from audit.controller.podstatus import PodStatus
from audit.errors import KubeError, NotFound
from audit.exclusion import Exclusion
from audit.kube.client import Client
from audit.kube.lister import Lister
from audit.model import ConstraintRecord, Resource, Syncing
from audit.policies import constraints as records
from audit.policies import unsupported
from audit.policies.constraints import ConstraintBook, Listed
from audit.policies.namespaces import Namespaces
from audit.policies.reading import CRDS, Kept, Reader
from audit.policies.surroundings import GATEKEEPER_NAMESPACE, Surroundings
from audit.policies.templates import TEMPLATES, Ingestion, TemplateBook, TemplateRecord
from constraints import Cause, Engine, Gap, Inventory, PolicyError
from constraints.crd import GROUP as CONSTRAINTS_GROUP
from constraints.model import CEL, Object, not_auditable

log = logging.getLogger("kube_patrol.policies")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How policies are read; `namespace` is that of this pod, `manage_crds` is auto, true or false.

    `operations` are the roles that this pod names in `status.byPod`; `empty` makes an engine without policies;
    `crd_seconds` is how long new CRDs may take. `lister` lists collections, None for one with the
    usual bounds; `inventory_memory` are the bytes that `data.inventory` may take, 0 for any number. Whoever compiles or evaluates policies has the `turn`: engines are not for several threads at once.
    """

    pod_name: str = "no-pod"
    namespace: str = GATEKEEPER_NAMESPACE
    manage_crds: str = "auto"
    operations: tuple[str, ...] = ("audit", "status")
    chunk_size: int = 500
    referential: bool = True
    empty: Callable[[], Engine] = Engine
    crd_seconds: float = 5.0
    lister: Lister | None = None
    inventory_memory: int = 0
    turn: AbstractContextManager[object] = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run holds objects against, and what could not be read of it.

    `records` are all constraints that exist, `templates` all templates, `ingestions` those compiled for this run.
    `synced` tells of the inventory, None where no policy reads it.
    `gatekeeper_present`: Gatekeeper's own controller runs too, so CRDs and `byPod` are left to it.
    """

    engine: Engine
    records: tuple[ConstraintRecord, ...]
    exclusion: Exclusion
    inventory: Inventory
    namespaces: Namespaces
    gaps: tuple[Gap, ...] = ()
    gatekeeper_present: bool = False
    templates: tuple[TemplateRecord, ...] = ()
    ingestions: tuple[Ingestion, ...] = ()
    synced: Syncing | None = None

    @property
    def with_cel(self) -> int:
        """How many templates that are not in error have code in CEL."""
        return sum(
            any(code.engine == CEL for code in record.template.code) for record in self.templates if record.template
        )


@dataclass(frozen=True, slots=True)
class _Templates:
    """The templates as they were last listed; `served` is False where the cluster has no such kind."""

    objects: tuple[Object, ...] = ()
    resource: Resource = TEMPLATES[0]
    served: bool = True


class Policies:
    """Keeps one engine in step with the cluster, from run to run. Not for several threads at once."""

    def __init__(
        self,
        client: Client,
        settings: PolicySettings,
        stop: Event | None = None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        stop = stop or Event()
        self._client = client
        self.settings = settings
        self._engine = settings.empty()
        self._templates = TemplateBook(self._engine, settings.referential, elapsed)
        self._constraints = ConstraintBook(self._engine)
        self._crds = ConstraintCrds(client, settings.manage_crds, Patience(settings.crd_seconds, stop, elapsed))
        self._by_pod = ByPod(client, PodStatus(settings.pod_name, settings.operations), stop)
        self._listed_templates = Kept(_Templates())
        self._listed: dict[str, Kept[Listed]] = {}
        self._surroundings = Surroundings(settings.namespace, settings.inventory_memory)

    def load(self, resources: Sequence[Resource]) -> Loaded:
        """Read everything; `resources` is what discovery found. What cannot be read is a Gap, and nothing is raised."""
        reader = Reader(self._client, resources, self.settings.chunk_size, self.settings.lister)
        template_gaps = self._list_templates(reader)
        with self.settings.turn:
            ingestions = self._templates.update(self._listed_templates.value.objects)
        self._say_what_no_audit_has(ingestions)
        controlled = self._by_pod.controller_runs(self._listed_templates.value.objects)
        templates, crd_gaps = self._with_crds(controlled)
        constraint_gaps = self._list_constraints(reader, templates, controlled)
        with self.settings.turn:
            found = self._constraints.update((kept.value for kept in self._listed.values()), self._broken(templates))
        around = self._surroundings.read(reader, self._engine)
        policies = unsupported.InForce(self._engine.enforced(), templates)
        unheeded = unsupported.unsupported(reader, policies)
        policy_gaps = (*(g for t in templates for g in t.gaps()), *(g for r in found for g in records.gaps(r)))
        written = () if controlled else self._write(templates, found)
        return Loaded(
            engine=self._engine,
            records=found,
            exclusion=around.exclusion,
            inventory=around.inventory,
            namespaces=around.namespaces,
            gaps=(*template_gaps, *crd_gaps, *constraint_gaps, *around.gaps, *policy_gaps, *unheeded, *written),
            gatekeeper_present=controlled,
            templates=templates,
            ingestions=ingestions,
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

    def _with_crds(self, controlled: bool) -> tuple[tuple[TemplateRecord, ...], tuple[Gap, ...]]:
        """The templates, with what went wrong with the CRDs of their constraints."""
        known = self._templates.records
        if not self._manages_crds(controlled):
            return known, ()
        try:
            problems = self._crds.ensure([record.template for record in known if record.template])
        except KubeError as error:
            message = f"the CRDs of constraints could not be listed, and were left as they are: {error}"
            return known, (Gap(Cause.TEMPLATE, error.reason, message, CRDS.kind),)
        return tuple(with_problem(record, problems) for record in known), ()

    def _manages_crds(self, controlled: bool) -> bool:
        return manages_crds(self.settings.manage_crds, controlled)

    def _list_constraints(
        self, reader: Reader, templates: Iterable[TemplateRecord], controlled: bool
    ) -> tuple[Gap, ...]:
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
        return (*gaps, *self._unserved(failed, "" if self._manages_crds(controlled) else ": nobody made their CRD"))

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

    def _broken(self, templates: Iterable[TemplateRecord]) -> Mapping[str, str]:
        """Why the template of a kind cannot be used although it exists, or may exist."""
        if not self._listed_templates.known:
            kinds = [kept.value.resource.kind.kind for kept in self._listed.values()]
            return dict.fromkeys(kinds, "the ConstraintTemplates could not be listed")
        return {
            t.kind: f"its ConstraintTemplate {t.name} is in error: {t.errors[0]}" for t in templates if not t.template
        }

    def _write(self, templates: Sequence[TemplateRecord], found: Sequence[ConstraintRecord]) -> tuple[Gap, ...]:
        """Say in the policies' status what became of them; not in those that were not read in this run."""
        if not self._listed_templates.known:
            return ()
        read = templates if self._listed_templates.fresh else ()
        fresh = [record for record in found if self._listed[record.resource.plural].fresh]
        written = self._by_pod.write_templates(read, self._listed_templates.value.resource)
        return (*written, *self._by_pod.write_constraints(fresh))


def _read_templates(reader: Reader, last: _Templates) -> _Templates:
    """The templates in the version that the cluster prefers, or in any that it serves.

    Raises KubeError; NotFound where those of the last run may be there all the same.
    """
    preferred = reader.known(TEMPLATES[0].kind.group, TEMPLATES[0].kind.kind)
    missing: NotFound | None = None
    for resource in (preferred,) if preferred else TEMPLATES:
        try:
            return _Templates(tuple(reader.objects(resource)), resource)
        except NotFound as error:
            missing = error
    if missing and last.objects and reader.defined(last.resource):
        raise missing
    return _Templates(served=False)


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


def manages_crds(manage: str, controlled: bool) -> bool:
    """Whether this program makes the CRDs of constraints; `controlled`: Gatekeeper's own controller runs."""
    return manage == "true" or (manage == "auto" and not controlled)


def with_problem(record: TemplateRecord, problems: Mapping[str, PolicyError]) -> TemplateRecord:
    """A template with what went wrong with the CRD of its constraints, if anything did."""
    problem = problems.get(record.kind) if record.template else None
    return replace(record, errors=(*record.errors, problem)) if problem else record
