"""What policy reports weigh in etcd, and what they cost to write and to compare, on the real API server.

    python -m cluster.weigh_reports PODS, from the folder tests

audits the benchmarks' fleet of so many Pods under their policies with each detail of reports, and prints for each: how
many reports there are, the bytes of each as the server estimates them from etcd and as a list of them has, and seconds
of the audit that writes them, of one that finds nothing changed, and of one without reports.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from cluster.api import apply_all
from cluster.deployed import MANIFESTS, Cluster, bench_policies, documents
from cluster.programs import program
from cluster.server import running

DETAILS = ("--policy-reports-detail=results", "--report-results=fail,warn,error", "--policy-reports-detail=summary")
COLLECTIONS = ("policyreports", "clusterpolicyreports")
ESTIMATED = 70  # seconds after which the server's estimate is of now
ROOT = "/apis/wgpolicyk8s.io/v1alpha2"


def main(pods: int) -> None:
    """Print a few lines for each detail, each with a server of its own."""
    for detail in DETAILS:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cluster = Cluster(stack.enter_context(running(program("apiserver"), folder)), folder)
            cluster.install()
            for name in ("crds-wgpolicyk8s.io", "reports"):
                apply_all(cluster.api, documents(MANIFESTS / "optional" / f"{name}.yaml"))
            cluster.load_policies(*(bench_policies(prefix) for prefix in "tc"))
            cluster.load_fleet(pods)
            weigh(cluster, detail)


def weigh(cluster: Cluster, detail: str) -> None:
    """Audit without reports, write them, weigh them, and compare them."""
    flags = ("--policy-reports=wgpolicy", detail)
    without = [seconds(cluster) for _ in range(3)]
    cluster.server.compact()
    before = database(cluster)
    writing = seconds(cluster, *flags, "--report-writers=16")
    grown = database(cluster) - before
    again = [seconds(cluster, *flags) for _ in range(3)]
    time.sleep(ESTIMATED)
    listed = [obj for name in COLLECTIONS for obj in cluster.api.items(f"{ROOT}/{name}")]
    plain = sum(len(json.dumps(obj, separators=(",", ":"))) for obj in listed)
    number, results = len(listed), sum(len(obj.get("results", ())) for obj in listed)
    tell(f"{detail}: {number} reports with {results} results")
    tell(f"  bytes each: {plain / number:.0f} as JSON, {estimated(cluster) / number:.0f} as the server estimates them")
    tell(f"  the database has grown by {grown / number:.0f} each")
    tell(f"  seconds of wall and processor: {without} without, {writing} that writes them, {again} unchanged")
    rows = [(steady(cluster), steady(cluster, *flags)) for _ in range(3)]
    tell(f"  processor of one audit after the other, without and with: {rows}")


def tell(text: str) -> None:
    """One line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def seconds(cluster: Cluster, *flags: str) -> tuple[float, float]:
    """Seconds of one audit as its log tells, and of its processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = cluster.patrol().once(*flags, seconds=3000)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert outcome.code == 0, outcome.told()
    [end] = outcome.log.events("audit_finished")
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return end["duration"], round(spent, 2)


def steady(cluster: Cluster, *flags: str) -> float:
    """Seconds of processor time of one audit of a process that has made some, and that finds nothing changed."""
    with cluster.patrol().running("--audit-interval=1", "--audit-on-policy-change=false", *flags) as process:

        def after(number: int) -> float:
            process.until(lambda log: len(log.events("audit_finished")) >= number, seconds=600)
            return process.processor()

        begun = after(3)
        return round((after(9) - begun) / 6, 3)


def metrics(cluster: Cluster) -> str:
    """What the API server tells of itself."""
    request = urllib.request.Request(
        f"{cluster.server.url}/metrics", headers={"Authorization": f"Bearer {cluster.server.token}"}
    )
    with urllib.request.urlopen(request, context=cluster.api._tls, timeout=30) as reply:
        return str(reply.read().decode())


def estimated(cluster: Cluster) -> float:
    """The bytes of all reports in etcd, as the API server estimates them."""
    pattern = r"apiserver_resource_size_estimate_bytes\{[^}]*policyreports[^}]*\} (\S+)"
    return sum(map(float, re.findall(pattern, metrics(cluster))))


def database(cluster: Cluster) -> float:
    """The bytes of etcd's file."""
    return sum(path.stat().st_size for path in (cluster.folder / "data").rglob("db"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
