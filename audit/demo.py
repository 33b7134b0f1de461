"""`patrol demo`: a cluster in this process with the sample policies and objects, audited and shown."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from dataclasses import replace
from pathlib import Path

from audit.app import serve
from audit.controller.crds import desired_crd
from audit.embedded import EmbeddedCluster
from audit.errors import ConfigError
from audit.reports.bodies import APIS
from audit.settings.config import Config
from audit.sinks.table import TableSink
from audit.sources.manifests import read_objects
from constraints import Kind, Template
from constraints.model import Object

IN_SOURCES = Path(__file__).parent.parent / "manifests"
INSTALLED = Path(sysconfig.get_path("data"), "share", "kube-patrol", "manifests")
LOG = "audit.log"
TEMPLATES = Kind("templates.gatekeeper.sh", "v1", "ConstraintTemplate")


def demo(config: Config) -> int:
    """Audit the samples until Ctrl-C, or once; gives the exit code. Raises ConfigError when there are no samples."""
    objects = sample_objects()
    definitions = report_definitions(config.reports.api)
    with tempfile.TemporaryDirectory(prefix="kube-patrol-demo-") as folder, EmbeddedCluster() as cluster:
        kubeconfig = Path(folder, "kubeconfig")
        cluster.kubeconfig(kubeconfig)
        load(cluster, [*definitions, *objects])
        log = config.log.file or str(Path(folder, LOG))
        sys.stdout.write(f"A cluster with {len(objects)} sample objects answers at {cluster.url}\n\n")
        table = TableSink(
            _show if config.audit.once else lambda text: _show(text + where_next(kubeconfig, log, config))
        )
        return serve(pointed_at(config, kubeconfig, log, Path(folder, "cache")), table)


def sample_objects() -> list[Object]:
    """The policies and objects of `manifests/samples`, and the CRDs that policies need."""
    return read_objects([str(manifests() / "crds"), str(manifests() / "samples")])


def report_definitions(api: str) -> list[Object]:
    """The CRDs of the reports that are wanted, if any."""
    if api not in APIS:
        return []
    group = APIS[api].namespaced.kind.group
    return read_objects([str(manifests() / "optional" / f"crds-{group}.yaml")])


def manifests() -> Path:
    """The folder of all manifests. Raises ConfigError when it is nowhere."""
    for root in (IN_SOURCES, INSTALLED):
        if (root / "samples").is_dir():
            return root
    raise ConfigError(f"the samples are neither at {IN_SOURCES} nor at {INSTALLED}")


def load(cluster: EmbeddedCluster, objects: list[Object]) -> None:
    """Create the objects; before constraints the CRD of each template's, which the audit would make later."""
    templates = [item for item in objects if item["kind"] == TEMPLATES.kind]
    others = [item for item in objects if item["kind"] != TEMPLATES.kind]
    cluster.load([item for item in others if item["kind"] == "CustomResourceDefinition"])
    cluster.load(templates)
    cluster.load([desired_crd(Template.parse(template)) for template in cluster.objects(TEMPLATES)])
    cluster.load([item for item in others if item["kind"] != "CustomResourceDefinition"])


def pointed_at(config: Config, kubeconfig: Path, log: str, cache: Path) -> Config:
    """The configuration for the embedded cluster, where nobody else could lead."""
    return replace(
        config,
        cluster=replace(config.cluster, kubeconfig=str(kubeconfig), leader_elect=False),
        log=replace(config.log, file=log),
        audit=replace(config.audit, cache_dir=str(cache)),
    )


def where_next(kubeconfig: Path, log: str, config: Config) -> str:
    """What to look at while the demo runs."""
    return (
        f"\nLook further while this runs (Ctrl-C ends it; the next audit is in {config.audit.interval} s):\n"
        f"  export KUBECONFIG={kubeconfig}\n"
        "  kubectl get constraints\n"
        f"{looked_at(config)}"
        f"  tail -f {log}\n"
        f"  curl -s localhost:{config.serve.prometheus_port}/metrics | grep violations\n\n"
    )


def looked_at(config: Config) -> str:
    """The line for policy reports, where there are any."""
    if not config.reports.wanted:
        return ""
    api = APIS[config.reports.api]
    names = [f"{each.plural}.{each.kind.group}" for each in (api.namespaced, api.clusterwide)]
    return f"  kubectl get {','.join(names)} -A\n"


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
