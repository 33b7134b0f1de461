"""`python -m audit` as a process: starts, answers, leads, stops."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fetching import fetched
from policybuilders import constraint, samples_with, template

from audit.cli import main
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from constraints import Kind

MAIN = "runpy.run_module('audit', run_name='__main__')"  # as `python -m audit`
FEW = {"K8sContainerLimits", "K8sReplicaLimits"}
ALONE = ("--leader-elect=false",)
ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def patrol(cluster: EmbeddedCluster, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program against `cluster`; its log is `folder/log`."""
    folder.mkdir(exist_ok=True)
    common = [f"--kubeconfig={cluster.kubeconfig(folder / 'kubeconfig')}", f"--api-cache-dir={folder / 'cache'}"]
    off = ["--health-addr=0", "--prometheus-port=0", f"--log-file={folder / 'log'}"]
    process = subprocess.Popen([sys.executable, "-m", "audit", *common, *off, *arguments], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def events(folder: Path, name: str) -> list[dict[str, Any]]:
    return [line for line in lines(folder) if line.get("event_type") == name]


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} seconds")


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and two of the policies, one of Pods and one of Deployments."""
    load(cluster, samples_with(FEW))
    return cluster


def test_it_audits_at_once_and_again_answers_meanwhile_watches_nothing_where_unwanted_and_leaves_at_sigterm(
    samples: EmbeddedCluster, tmp_path: Path
) -> None:
    health, metrics = free_port(), free_port()
    addresses = (f"--health-addr=127.0.0.1:{health}", f"--prometheus-port={metrics}")
    flags = (*ALONE, *addresses, "-audit-interval=1", "--audit-on-policy-change=false")
    with patrol(samples, tmp_path, *flags) as process:
        eventually(lambda: len(events(tmp_path, "audit_finished")) >= 2)
        assert [fetched(f"http://127.0.0.1:{health}/{path}").status for path in ("healthz", "readyz")] == [200, 200]
        status, _, text = fetched(f"http://127.0.0.1:{metrics}/metrics")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=8) == 0
    assert len(events(tmp_path, "audit_started")) == len(events(tmp_path, "audit_finished"))
    assert [asked for asked in samples.asked if "watch" in asked.query] == []
    assert status == 200
    assert 'gatekeeper_violations{enforcement_action="deny"} 7.0' in text
    assert "kube_patrol_api_requests_total{" in text


@pytest.fixture
def here(samples: EmbeddedCluster, tmp_path: Path) -> list[str]:
    """The arguments of a run in this process, where no signal and no exit is what is tried."""
    kubeconfig = samples.kubeconfig(tmp_path / "kubeconfig")
    places = (f"--kubeconfig={kubeconfig}", f"--log-file={tmp_path / 'log'}", f"--api-cache-dir={tmp_path / 'cache'}")
    return ["run", *places, *ALONE, "--prometheus-port=0"]


def test_one_audit_by_the_command_line(here: list[str], tmp_path: Path) -> None:
    assert main([*here, "--once", "--health-addr=0", "--audit-chunk-size", "3"]) == 0
    assert len(events(tmp_path, "audit_finished")) == 1


def test_an_address_that_is_taken_is_named_and_the_program_ends(
    here: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main([*here, f"--health-addr={address}"]) == 1
    assert capsys.readouterr().err == (
        f"patrol: --health-addr: cannot listen at {address}: Address already in use; choose another one, or 0 to do without\n"
    )


def test_sigterm_in_the_middle_of_a_run_ends_it_without_writing_a_part(few: EmbeddedCluster, tmp_path: Path) -> None:
    few.faults.append(Fault("/apis/apps/v1/deployments", delay=8))
    with patrol(few, tmp_path, "--leader-elect=false") as process:
        eventually(lambda: events(tmp_path, "violation_audited"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=8) == 0
    assert not any(b"auditTimestamp" in asked.body for asked in patches(few))


def test_policies_that_come_later_are_taken_in_and_audited_long_before_the_next_run(
    few: EmbeddedCluster, tmp_path: Path
) -> None:
    def total() -> Any:
        found = few.get("K8sTest", "one") or {}
        return found.get("status", {}).get("totalViolations")

    with patrol(few, tmp_path, *ALONE, "--audit-interval=3600", "--audit-debounce=1") as process:
        eventually(lambda: events(tmp_path, "audit_finished"))
        few.load([template(rego='package x\nviolation[{"msg": "m"}] { input.review.kind.kind == "Node" }\n')])
        eventually(lambda: ((few.get("ConstraintTemplate", "k8stest") or {}).get("status") or {}).get("created"))
        few.load([constraint("one")])
        assert eventually(lambda: total() is not None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=8) == 0


def patches(cluster: EmbeddedCluster) -> list[Any]:
    return [asked for asked in cluster.asked if asked.method == "PATCH"]


def test_of_two_replicas_one_audits_and_the_other_takes_over(samples: EmbeddedCluster, tmp_path: Path) -> None:
    samples.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gatekeeper-system"}}])
    one, two = tmp_path / "one", tmp_path / "two"
    with patrol(samples, one, "--audit-interval=1") as first, patrol(samples, two, "--audit-interval=1") as second:
        pairs = {one: first, two: second}
        leader = eventually(lambda: next((f for f in pairs if events(f, "audit_finished")), None))
        other = two if leader == one else one
        eventually(lambda: len(events(leader, "audit_finished")) >= 2)
        assert events(other, "audit_started") == []
        pairs[leader].send_signal(signal.SIGTERM)
        assert pairs[leader].wait(timeout=8) == 0
        eventually(lambda: events(other, "audit_finished"))


def test_a_replica_that_cannot_have_the_lease_says_why_is_not_ready_and_ends_with_the_cure(
    few: EmbeddedCluster, tmp_path: Path
) -> None:
    health = free_port()
    flags = ("--pod-namespace=nowhere", "--leader-elect-timeout=2", f"--health-addr=127.0.0.1:{health}")
    with patrol(few, tmp_path, *flags) as process:
        refusals = eventually(lambda: [line["msg"] for line in lines(tmp_path) if "nowhere" in line["msg"]])
        status, _, text = fetched(f"http://127.0.0.1:{health}/readyz")
        assert process.wait(timeout=20) == 1
    assert 'namespaces "nowhere" not found' in refusals[0]
    assert (status, text.startswith("not ready: Lease nowhere/kube-patrol is refused: ")) == (503, True)
    assert events(tmp_path, "audit_started") == []
    told = [line["msg"] for line in lines(tmp_path) if "nowhere" in line["msg"]]
    assert (len(told), "create the namespace nowhere" in told[-1]) == (2, True)


def test_a_replica_that_may_do_without_a_lease_audits_without_one_after_a_while(
    few: EmbeddedCluster, tmp_path: Path
) -> None:
    flags = ("--pod-namespace=nowhere", "--leader-elect-timeout=1", "--leader-elect=auto")
    with patrol(few, tmp_path, *flags):
        eventually(lambda: events(tmp_path, "audit_finished"))


LEASE = Kind("coordination.k8s.io", "v1", "Lease")


def holder(cluster: EmbeddedCluster) -> str:
    lease = cluster.get(LEASE, "kube-patrol", "gatekeeper-system") or {}
    return str(lease["spec"]["holderIdentity"])


@pytest.mark.parametrize("again", [False, True], ids=["when its time is over", "at a second signal"])
def test_one_that_is_made_to_leave_in_the_middle_of_a_run_gives_the_lease_back(
    again: bool, few: EmbeddedCluster, tmp_path: Path
) -> None:
    namespace_of_the_lease(few)
    few.faults.append(Fault("/apis/constraints.gatekeeper.sh/*", method="PATCH", delay=20, times=None))
    flags = ("--audit-on-policy-change=false", f"--shutdown-delay={60 if again else 1}")
    with patrol(few, tmp_path, *flags) as process:
        # Statuses of templates are written right before those of constraints, of which the first one hangs.
        eventually(lambda: len(patches(few)) >= len(FEW))
        time.sleep(0.2)
        assert holder(few) != ""
        process.send_signal(signal.SIGTERM)
        if again:
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 1
    assert holder(few) == ""


def namespace_of_the_lease(cluster: EmbeddedCluster) -> None:
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gatekeeper-system"}}])


def test_one_that_lost_the_lease_in_the_middle_of_a_run_writes_nothing_more(
    few: EmbeddedCluster, tmp_path: Path
) -> None:
    namespace_of_the_lease(few)
    metrics = free_port()
    few.faults.append(Fault("/apis/apps/v1/deployments", delay=4))
    with patrol(few, tmp_path, f"--prometheus-port={metrics}", "--audit-interval=600"):
        eventually(lambda: events(tmp_path, "violation_audited"))
        lease = few.get(LEASE, "kube-patrol", "gatekeeper-system") or {}
        other = {**lease["spec"], "holderIdentity": "another", "leaseDurationSeconds": 600}
        few.load([{**lease, "spec": other}])
        (end,) = eventually(lambda: events(tmp_path, "audit_finished"))
        text = fetched(f"http://127.0.0.1:{metrics}/metrics").text
    assert (end["outcome"], holder(few)) == ("not_leader", "another")
    assert not any(b"auditTimestamp" in asked.body for asked in patches(few))
    assert "kube_patrol_leader 0.0" in text
    assert "kube_patrol_violations{" not in text


def test_one_audit_that_is_told_to_stop_says_so_by_its_exit_code(few: EmbeddedCluster, tmp_path: Path) -> None:
    few.faults.append(Fault("/apis/apps/v1/deployments", delay=8))
    with patrol(few, tmp_path, "--once") as process:
        eventually(lambda: events(tmp_path, "violation_audited"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=8) == 6
    (end,) = events(tmp_path, "audit_finished")
    assert end["outcome"] == "interrupted"


def test_a_log_on_a_full_disk_is_told_by_the_exit_code_and_in_one_line_with_the_cure(
    few: EmbeddedCluster, tmp_path: Path
) -> None:
    kubeconfig = few.kubeconfig(tmp_path / "kubeconfig")
    arguments = [
        "--once",
        f"--kubeconfig={kubeconfig}",
        "--log-file=/dev/full",
        f"--api-cache-dir={tmp_path / 'cache'}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "audit", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 4
    assert line.startswith("patrol: the log cannot be written to /dev/full: [Errno 28] No space left on device; ")
    assert line.endswith("free space there, or name another file with --log-file")
    assert len({asked.path for asked in patches(few) if b"auditTimestamp" in asked.body}) == len(FEW)


def hears_signals(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has a handler for SIGTERM by now."""
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return bool(int(rows["SigCgt"], 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks the kernel which signals are caught")
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 4], ids=["every moment", "some moments"])
def test_sigterm_at_any_moment_of_the_start_ends_with_the_documented_code(
    step: int, few: EmbeddedCluster, tmp_path: Path
) -> None:
    few.faults.append(Fault("/apis/apps/v1/deployments", delay=1, times=None))  # so that none is done before
    for moment in range(0, 20, step):
        flag, code = (("--once", 6), ("--audit-interval=60", 0))[moment // step % 2]
        with patrol(few, tmp_path, *ALONE, flag) as process:
            while not hears_signals(process):
                assert process.poll() is None
            time.sleep(moment * 0.02)
            process.send_signal(signal.SIGTERM)
            assert (moment, process.wait(timeout=15)) == (moment, code)


@pytest.mark.parametrize("start", ["from audit.__main__ import program; program(['run', '--help'])", MAIN])
def test_signals_are_heard_before_anything_of_the_program_is_imported(start: str) -> None:
    code = f"""
import runpy, signal, sys
real = signal.signal
def spy(number, handler):
    print(number, [name for name in sys.modules if name.startswith(("audit", "constraints", "orjson", "kubernetes"))])
    return real(number, handler)
signal.signal = spy
sys.argv = ["audit", "run", "--help"]
{start}
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    first = done.stdout.splitlines()[0]
    assert first.startswith(str(int(signal.SIGTERM)))
    assert sorted(json.loads(first.split(" ", 1)[1].replace("'", '"'))) in (
        ["audit", "audit.__main__", "audit.process", "audit.process.early"],
        ["audit", "audit.process", "audit.process.early"],
    )
