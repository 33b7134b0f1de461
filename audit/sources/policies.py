"""Reads what objects are held against: templates, constraints, exclusions, Namespaces and the inventory.

`Policies` lives as long as the process, so that what has not changed since the last run is not compiled again, and what
cannot be read in one run is still known from the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event

from audit.errors import KubeError, NotFound
from audit.kube.client import Client
from audit.model import ConstraintRecord, Resource
from audit.sources import records, referential
from audit.sources.bypod import ByPod
from audit.sources.crds import CRDS, ConstraintCrds, Patience
from audit.sources.exclusions import CONFIG, NAME, Exclusions
from audit.sources.podstatus import PodStatus
from audit.sources.reading import NAMESPACES, Kept, Reader, namespaces
from audit.sources.records import ConstraintBook, Listed
from audit.sources.referential import NOTHING, SYNC_SETS, Trouble
from audit.sources.templates import TEMPLATES, Ingestion, TemplateBook, TemplateRecord
from constraints import Cause, Engine, Gap, Inventory, PolicyError
from constraints.crd import GROUP as CONSTRAINTS_GROUP
from constraints.model import Object

GATEKEEPER_NAMESPACE = "gatekeeper-system"
CONFIGS = Resource(CONFIG, "configs", True)


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How policies are read; `namespace` is that of this pod, `manage_crds` is auto, true or false.

    `operations` are the roles that this pod names in `status.byPod`; `crd_seconds` is how long new CRDs may take.
    """

    pod_name: str = "no-pod"
    namespace: str = GATEKEEPER_NAMESPACE
    manage_crds: str = "auto"
    operations: tuple[str, ...] = ("audit", "status")
    chunk_size: int = 500
    referential: bool = True
    crd_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run holds objects against, and what could not be read of it.

    `records` are all constraints that exist, `templates` all templates, `ingestions` those compiled for this run.
    `gatekeeper_present`: Gatekeeper's own controller runs too, so CRDs and `byPod` are left to it.
    """

    engine: Engine
    records: tuple[ConstraintRecord, ...]
    excluded: Callable[[Object], bool]
    inventory: Inventory
    namespaces: Mapping[str, Object]
    gaps: tuple[Gap, ...] = ()
    gatekeeper_present: bool = False
    templates: tuple[TemplateRecord, ...] = ()
    ingestions: tuple[Ingestion, ...] = ()


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
        self._settings = settings
        self._engine = Engine()
        self._templates = TemplateBook(self._engine, settings.referential, elapsed)
        self._constraints = ConstraintBook(self._engine)
        self._crds = ConstraintCrds(client, settings.manage_crds, Patience(settings.crd_seconds, stop, elapsed))
        self._by_pod = ByPod(client, PodStatus(settings.pod_name, settings.operations), stop)
        self._listed_templates = Kept(_Templates())
        self._listed: dict[str, Kept[Listed]] = {}
        self._config: Kept[Object | None] = Kept(None)
        self._namespaces: Kept[Mapping[str, Object]] = Kept({})
        self._sync_sets: Kept[list[Object]] = Kept([])

    def load(self, resources: Sequence[Resource]) -> Loaded:
        """Read everything; `resources` is what discovery found. What cannot be read is a Gap, and nothing is raised."""
        reader = Reader(self._client, resources, self._settings.chunk_size)
        template_gaps = self._list_templates(reader)
        ingestions = self._templates.update(self._listed_templates.value.objects)
        controlled = self._by_pod.controller_runs(self._listed_templates.value.objects)
        templates, crd_gaps = self._with_crds(controlled)
        constraint_gaps = self._list_constraints(reader, templates, controlled)
        found = self._constraints.update((kept.value for kept in self._listed.values()), self._broken(templates))
        exclusions, config_gaps = self._exclusions(reader)
        inventory, inventory_gaps = self._inventory(reader, exclusions)
        gaps = (
            *template_gaps,
            *crd_gaps,
            *constraint_gaps,
            *config_gaps,
            *self._read_namespaces(reader),
            *inventory_gaps,
        )
        policy_gaps = (*(g for t in templates for g in t.gaps()), *(g for r in found for g in records.gaps(r)))
        return Loaded(
            engine=self._engine,
            records=found,
            excluded=exclusions.of_process("audit"),
            inventory=inventory,
            namespaces=self._namespaces.value,
            gaps=(*gaps, *policy_gaps, *(() if controlled else self._write(templates, found))),
            gatekeeper_present=controlled,
            templates=templates,
            ingestions=ingestions,
        )

    def _list_templates(self, reader: Reader) -> tuple[Gap, ...]:
        error = self._listed_templates.renew(lambda: _read_templates(reader))
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
        return tuple(_with_problem(record, problems) for record in known), ()

    def _manages_crds(self, controlled: bool) -> bool:
        manage = self._settings.manage_crds
        return manage == "true" or (manage == "auto" and not controlled)

    def _list_constraints(
        self, reader: Reader, templates: Iterable[TemplateRecord], controlled: bool
    ) -> tuple[Gap, ...]:
        """List every kind of constraint that a template defines or that the cluster serves."""
        resources = {r.plural: r for template in templates for r in records.resources_of(template)}
        resources |= {resource.plural: resource for resource in reader.of_group(CONSTRAINTS_GROUP)}
        for plural in self._listed.keys() - resources.keys():
            del self._listed[plural]
        gaps = [gap for plural in sorted(resources) for gap in self._list_kind(reader, resources[plural])]
        return (*gaps, *(() if self._manages_crds(controlled) else self._unserved()))

    def _list_kind(self, reader: Reader, resource: Resource) -> tuple[Gap, ...]:
        kind = resource.kind.kind
        kept = self._listed.setdefault(resource.plural, Kept(Listed(resource)))
        error = kept.renew(lambda: Listed(resource, *_served(reader, resource)))
        if error is None:
            return ()
        last = "those of the last run are used" if kept.known else "none of them is audited"
        message = f"constraints of kind {kind} could not be listed, {last}: {error}"
        return (Gap(Cause.CONSTRAINT, error.reason, message, resource.kind, policy=kind),)

    def _unserved(self) -> tuple[Gap, ...]:
        """Templates for which nobody has made the CRD that would let constraints exist."""
        unserved = {kept.value.resource.kind.kind for kept in self._listed.values() if not kept.value.served}
        return tuple(
            Gap(
                Cause.TEMPLATE,
                "NotServed",
                f"constraints of kind {kind} are not served: nobody made their CRD",
                policy=kind,
            )
            for kind in sorted(unserved & self._engine.templates.keys())
        )

    def _broken(self, templates: Iterable[TemplateRecord]) -> Mapping[str, str]:
        """Why the template of a kind cannot be used although it exists, or may exist."""
        if not self._listed_templates.known:
            kinds = [kept.value.resource.kind.kind for kept in self._listed.values()]
            return dict.fromkeys(kinds, "the ConstraintTemplates could not be listed")
        return {
            t.kind: f"its ConstraintTemplate {t.name} is in error: {t.errors[0]}" for t in templates if not t.template
        }

    def _exclusions(self, reader: Reader) -> tuple[Exclusions, tuple[Gap, ...]]:
        places = dict.fromkeys((self._settings.namespace, GATEKEEPER_NAMESPACE))
        error = self._config.renew(lambda: _first(reader, places))
        gaps = [] if error is None else [Gap(Cause.LIST, error.reason, f"Config {NAME} could not be read: {error}")]
        exclusions = Exclusions.of(self._config.value)
        gaps += (Gap(Cause.LIST, "InvalidConfig", problem) for problem in exclusions.problems)
        return exclusions, tuple(gaps)

    def _read_namespaces(self, reader: Reader) -> tuple[Gap, ...]:
        error = self._namespaces.renew(lambda: namespaces(reader))
        if error is None:
            return ()
        last = "those of the last run are used" if self._namespaces.known else "none is known"
        return (Gap(Cause.LIST, error.reason, f"Namespaces could not be listed, {last}: {error}", NAMESPACES.kind),)

    def _inventory(self, reader: Reader, exclusions: Exclusions) -> tuple[Inventory, tuple[Gap, ...]]:
        """`data.inventory`, listed only when some constraint's template reads it."""
        used = {constraint.kind for constraint in self._engine.enforced()}
        policies = sorted(t.kind for t in self._engine.templates.values() if t.inventory and t.kind in used)
        if not policies:
            return NOTHING, ()
        error = self._sync_sets.renew(lambda: reader.objects_if_served(SYNC_SETS))
        known = referential.wanted(self._config.value, self._sync_sets.value)
        inventory, troubles = referential.load(reader, known, exclusions.of_process("sync"))
        if error:
            troubles.append(Trouble(error.reason, f"SyncSets could not be listed: {error}"))
        return inventory, referential.gaps(troubles, policies)

    def _write(self, templates: Sequence[TemplateRecord], found: Sequence[ConstraintRecord]) -> tuple[Gap, ...]:
        """Say in the policies' status what became of them, once it is known what the templates are."""
        if not self._listed_templates.known:
            return ()
        written = self._by_pod.write_templates(templates, self._listed_templates.value.resource)
        return (*written, *self._by_pod.write_constraints(found))


def _read_templates(reader: Reader) -> _Templates:
    """The templates in the version that the cluster prefers, or in any that it serves. Raises KubeError."""
    preferred = reader.known(TEMPLATES[0].kind.group, TEMPLATES[0].kind.kind)
    for resource in (preferred,) if preferred else TEMPLATES:
        try:
            return _Templates(tuple(reader.objects(resource)), resource)
        except NotFound:
            continue
    return _Templates(served=False)


def _served(reader: Reader, resource: Resource) -> tuple[tuple[Object, ...], bool]:
    """The objects of a kind, and whether the cluster serves it. Raises KubeError."""
    try:
        return tuple(reader.objects(resource)), True
    except NotFound:
        return (), False


def _first(reader: Reader, places: Iterable[str]) -> Object | None:
    found = (reader.one(CONFIGS, NAME, place) for place in places)
    return next((config for config in found if config is not None), None)


def _with_problem(record: TemplateRecord, problems: Mapping[str, PolicyError]) -> TemplateRecord:
    problem = problems.get(record.kind) if record.template else None
    return replace(record, errors=(*record.errors, problem)) if problem else record
