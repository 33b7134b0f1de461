"""What a run has to do, read before its first object: which kinds are served, what objects are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from threading import Event

from audit.controller.controller import Controller, ControllerSettings
from audit.kube.client import Client
from audit.kube.deadline import Deadline
from audit.kube.lister import Lister
from audit.kube.pagesize import PageSizes
from audit.kube.tardy import Tardy
from audit.model import Catalogue, RunInfo
from audit.plan import plan, without_data, without_managed_fields
from audit.policies.book import Loaded, Policies
from audit.policies.reading import Reader
from audit.policies.unserved import unserved
from audit.reviewing import Rules
from audit.run import Prepared, Work
from audit.sources.cluster import ClusterSource, Pace
from audit.sources.served import ServedKinds
from constraints.dataclass import dataclass


def held_against(reader: Reader, policies: Policies, controller: Controller) -> Loaded:
    """What objects are held against now: policies are read, and the controller writes what follows from them.

    What cannot be read or written is among the gaps, and nothing is raised.
    """
    read = policies.templates(reader)
    defined = controller.define(read.records)
    read = replace(read, records=defined.templates, gaps=(*read.gaps, *defined.gaps))
    loaded = policies.load(reader, read, defined.defines)
    # Whose templates were never read are in error for that reason alone, which nobody has to be told in a status.
    if defined.controlled or not read.known:
        return loaded
    written = controller.tell(read.records if read.fresh else (), loaded.fresh)
    return replace(loaded, gaps=(*loaded.gaps, *written))


def nowhere(reader: Reader) -> None:
    """Nothing is exported."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares one run after the other; what was learned by one is kept for the next.

    `client` asks the cluster; `sizes` and `tardy` know how its kinds are best listed, at that `pace`. The `controller`
    writes in the name of these settings, until `stop` is set. `heard` is called with what was read as soon as it is,
    and `exporting` finds out where violations are exported to; it raises nothing.
    """

    client: Client
    sizes: PageSizes
    tardy: Tardy
    pace: Pace
    served: ServedKinds
    policies: Policies
    controller: ControllerSettings
    stop: Event
    heard: Callable[[Loaded], None]
    exporting: Callable[[Reader], None] = nowhere

    def __call__(self, info: RunInfo) -> Prepared:
        """What this run has to do. Raises KubeError when nothing could be learned of the cluster at all."""
        pace = self.pace.since(self.pace.elapsed())
        # What is read before and between the lists ends with the run; lists are left alone then, and statuses still
        # written.
        reading = self.client.prompt().bounded(Deadline(pace.ends(), pace.elapsed).left)
        catalogue = self.served.read(reading)
        reader = Reader(reading, catalogue.listed, pace.chunk, Lister(reading, self.sizes, self.tardy))
        loaded = held_against(reader, self.policies, Controller(reading, self.controller, self.stop))
        self.heard(loaded)
        self.exporting(reader)
        return self._prepared(info, catalogue, loaded, pace)

    def _prepared(self, info: RunInfo, catalogue: Catalogue, loaded: Loaded, pace: Pace) -> Prepared:
        enforced, known, settings = loaded.engine.enforced(), loaded.namespaces, self.policies.settings
        chosen = without_data(plan(catalogue.listed, enforced), loaded.engine.reads_metadata_only)
        chosen = without_managed_fields(chosen, loaded.engine.reads_managed_fields)
        source = ClusterSource(Lister(self.client, self.sizes, self.tardy), chosen.listings, pace, self.stop)
        rules = Rules(
            loaded.engine, loaded.exclusion, known.listed, loaded.inventory, empty=settings.empty, run=info.audit_id
        )
        return Prepared(
            Work(source, rules, known.missing, settings.turn),
            loaded.records,
            Counter("error" if record.errors else "active" for record in loaded.templates.records),
            gaps=(*catalogue.gaps, *loaded.gaps, *unserved(enforced, catalogue)),
            skipped=chosen.skipped,
        )
