"""Does for policies what Gatekeeper's controller does, as long as that does not run itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Event

from audit.controller.bypod import ByPod
from audit.controller.crds import ConstraintCrds, Wait
from audit.controller.podstatus import PodStatus
from audit.errors import KubeError
from audit.kube.client import Client
from audit.kube.definitions import CRDS
from audit.model import ConstraintRecord, TemplateRecord
from constraints import Cause, Gap, PolicyError
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """In whose name what is written: `operations` are the roles that the pod names in `status.byPod`.

    `manage_crds` is auto, true or false; `crd_seconds` is how long new CRDs may take to be served.
    """

    pod_name: str = "no-pod"
    operations: tuple[str, ...] = ("audit", "status")
    manage_crds: str = "auto"
    crd_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Defined:
    """The templates, by now with what went wrong with the CRDs of their constraints.

    `controlled`: Gatekeeper's own controller runs too, so that statuses are left to it; `defines`: CRDs are made here,
    as far as no `error` prevented that.
    """

    templates: tuple[TemplateRecord, ...]
    controlled: bool
    defines: bool
    error: KubeError | None = None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What all of them cannot be audited for."""
        if self.error is None:
            return ()
        message = f"the CRDs of constraints could not be listed, and were left as they are: {self.error}"
        return (Gap(Cause.TEMPLATE, self.error.reason, message, CRDS.kind),)


class Controller:
    """Makes CRDs and writes pod statuses with `client`; no more is once `stop` is set."""

    def __init__(
        self,
        client: Client,
        settings: ControllerSettings,
        stop: Event,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manage = settings.manage_crds
        self._crds = ConstraintCrds(client, settings.manage_crds, Wait(settings.crd_seconds, stop, elapsed))
        self._by_pod = ByPod(client, PodStatus(settings.pod_name, settings.operations), stop)

    def define(self, templates: Sequence[TemplateRecord]) -> Defined:
        """See to the CRDs of the templates' constraints, where nobody else does."""
        controlled = self._by_pod.controller_runs(record.obj for record in templates)
        defined = Defined(
            tuple(templates), controlled, self._manage == "true" or (self._manage == "auto" and not controlled)
        )
        if not defined.defines:
            return defined
        try:
            problems = self._crds.ensure([record.template for record in templates if record.template])
        except KubeError as error:
            return replace(defined, error=error)
        return replace(defined, templates=tuple(_with_problem(record, problems) for record in templates))

    def tell(
        self, templates: Iterable[TemplateRecord], constraints: Iterable[ConstraintRecord] = ()
    ) -> tuple[Gap, ...]:
        """Say in the status of policies what became of them; what could not be written is a Gap."""
        return (*self._by_pod.write_templates(templates), *self._by_pod.write_constraints(constraints))


def _with_problem(record: TemplateRecord, problems: Mapping[str, PolicyError]) -> TemplateRecord:
    problem = problems.get(record.kind) if record.template else None
    return replace(record, errors=(*record.errors, problem)) if problem else record
