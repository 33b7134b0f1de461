"""Reads what lies around the audited objects: Config's exclusions, Namespaces and the referential data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from time import perf_counter

from audit.errors import KubeError
from audit.exclusion import Exclusion
from audit.model import Resource, Syncing
from audit.policies import referential
from audit.policies.exclusions import CONFIG, NAME, Exclusions
from audit.policies.namespaces import Namespaces
from audit.policies.reading import Kept, Reader
from audit.policies.referential import NOTHING, SYNC_SETS, Shortfall, Synced
from constraints import Cause, Engine, Gap, Inventory
from constraints.dataclass import dataclass
from constraints.model import Object

GATEKEEPER_NAMESPACE = "gatekeeper-system"
CONFIGS = Resource(CONFIG, "configs", True)


@dataclass(frozen=True, slots=True)
class Around:
    """What was read in one run: who is excluded from the audit, Namespaces, `data.inventory`.

    `synced` tells of the inventory, None where no policy reads it.
    """

    exclusion: Exclusion
    namespaces: Namespaces
    inventory: Inventory
    gaps: tuple[Gap, ...]
    synced: Syncing | None = None


class Surroundings:
    """Remembers what was read last; `namespace` is where a Config is looked for before Gatekeeper's own.

    `data.inventory` takes no more than `inventory_memory` bytes, 0 for no bound.
    """

    def __init__(self, namespace: str, inventory_memory: int = 0) -> None:
        self._places = tuple(dict.fromkeys((namespace, GATEKEEPER_NAMESPACE)))
        self._config: Kept[Object | None] = Kept(None)
        self._sync_sets: Kept[list[Object]] = Kept([])
        self._synced = Synced(inventory_memory)

    def read(self, reader: Reader, engine: Engine) -> Around:
        """Read everything that the policies of `engine` need; what cannot be read is a Gap."""
        exclusions, config_gaps = self._read_exclusions(reader)
        exclusion = exclusions.of_process("audit") if self._config.known else Exclusion(unknown=True)
        begun = perf_counter()
        policies = _readers_of_inventory(engine)
        inventory, inventory_gaps = self._read_inventory(reader, policies, exclusions) if policies else (NOTHING, ())
        synced = Syncing(self._synced.counts(), perf_counter() - begun) if policies else None
        return Around(
            exclusion,
            Namespaces.read(reader),
            inventory,
            (*config_gaps, *inventory_gaps),
            synced,
        )

    def _read_exclusions(self, reader: Reader) -> tuple[Exclusions, tuple[Gap, ...]]:
        error = self._config.renew(lambda: _first(reader, self._places))
        exclusions = Exclusions.of(self._config.value)
        gaps = [Gap(Cause.CONFIG, "InvalidConfig", problem) for problem in exclusions.problems]
        if error:
            gaps.append(self._config_gap(error))
        return exclusions, tuple(gaps)

    def _config_gap(self, error: KubeError) -> Gap:
        if self._config.known:
            return Gap(Cause.CONFIG, error.reason, f"Config {NAME} could not be read, the last one is used: {error}")
        message = (
            f"Config {NAME} could not be read, so nothing in a Namespace is audited, for it may be excluded: {error}"
        )
        return Gap(Cause.NAMESPACE, "ConfigUnknown", message)

    def _read_inventory(
        self, reader: Reader, policies: Sequence[str], exclusions: Exclusions
    ) -> tuple[Inventory, tuple[Gap, ...]]:
        """`data.inventory`, for the templates `policies` that read it."""
        error = self._sync_sets.renew(lambda: reader.objects_if_served(SYNC_SETS))
        sync = referential.wanted(self._config.value, self._sync_sets.value)
        inventory, problems = self._synced.load(reader, sync, exclusions.of_process("sync").test())
        if error:
            last = "those of the last run are used" if self._sync_sets.known else "and never were"
            message = f"SyncSets could not be listed, {last}: {error}"
            problems.append(Shortfall(error.reason, message, lost=not self._sync_sets.known))
        if not self._config.known:
            problems.append(
                Shortfall("ConfigUnknown", f"Config {NAME}, which may name kinds, could not be read", lost=True)
            )
        lost = any(problem.lost for problem in problems)
        return replace(inventory, partial=True) if lost else inventory, referential.gaps(problems, policies)


def _readers_of_inventory(engine: Engine) -> list[str]:
    """The templates that read `data.inventory` and have a constraint: for no others is anything listed."""
    used = {constraint.kind for constraint in engine.enforced()}
    return sorted(t.kind for t in engine.templates.values() if t.inventory and t.kind in used)


def _first(reader: Reader, places: Iterable[str]) -> Object | None:
    found = (reader.one(CONFIGS, NAME, place) for place in places)
    return next((config for config in found if config is not None), None)
