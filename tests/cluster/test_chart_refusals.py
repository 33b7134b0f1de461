"""What the chart refuses, with the real helm: values that make no sense, or of which nothing would come that works."""

from __future__ import annotations

import pytest
from cluster.releases import DISK, Helm

pytestmark = pytest.mark.cluster
MOUNTED = "another volume is mounted at"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        pytest.param("auditIntervall=30", "additional properties 'auditIntervall' not allowed", id="a name of none"),
        pytest.param(
            "audit.conection=a", "additional properties 'conection' not allowed", id="a name of none in audit"
        ),
        pytest.param("auditInterval=soon", "auditInterval", id="a number is one"),
        pytest.param("emitAuditEvents=maybe", "emitAuditEvents", id="true or false"),
        pytest.param("exportBackend=carrier-pigeon", "exportBackend", id="a driver that there is not"),
        pytest.param("metricsBackends={stackdriver}", "metricsBackends", id="a backend that there is not"),
        pytest.param("evaluationTimeout=fast", "evaluationTimeout", id="a duration is one"),
        pytest.param(
            "image.repository=openpolicyagent/gatekeeper", "is the image of Gatekeeper", id="the image of Gatekeeper"
        ),
    ],
)
def test_values_that_make_no_sense_are_refused_by_their_name(helm: Helm, setting: str, complaint: str) -> None:
    assert complaint in helm.refusal(f"--set={setting}")


@pytest.mark.parametrize(
    ("driver", "settings", "complaint"),
    [
        pytest.param(
            "http", (), "audit.exportConnection.url is missing: the driver http needs it", id="a field that it needs"
        ),
        pytest.param(
            "http", ("exportConnection.url=",), "audit.exportConnection.url is missing", id="a field that is empty"
        ),
        pytest.param(
            "http",
            ("exportConnection.url=http://a", "exportConfig.urll=http://b"),
            "audit.exportConfig.urll is no field of the driver http: there are extended, gzip, headers, mode, source, ",
            id="a field that it does not have",
        ),
        pytest.param("stdout", ("exportConnection.a=b",), "there are extended", id="a driver without fields"),
        pytest.param(
            "disk",
            ("exportConfig.maxAuditResults=9",),
            "audit.exportConfig.maxAuditResults must be a whole number from 0 to 5, not 9",
            id="a number that is too high",
        ),
        pytest.param(
            "disk",
            ("exportConnection.maxAuditResults=some",),
            "must be a whole number from 0 to 5, not some",
            id="none",
        ),
        pytest.param(
            "disk",
            ("exportConfig.path=/tmp/violations/../etc",),
            "audit.exportConfig.path must be the absolute path of a folder other than /, without '..' and ':', not /tmp",
            id="a path that leads up",
        ),
        pytest.param("disk", ("channel=../x",), "audit.channel must be the name of one folder", id="a channel, up"),
        pytest.param("disk", ("channel=a/b",), "must be the name of one folder, without '/'", id="a channel of two"),
        pytest.param("disk", ("channel=..",), "audit.channel must be the name of one folder", id="a channel of dots"),
        pytest.param("disk", ("channel=",), 'for the driver disk, not ""', id="a channel that is empty"),
    ],
)
def test_a_config_that_its_driver_would_not_take_is_refused_by_the_field(
    helm: Helm, driver: str, settings: tuple[str, ...], complaint: str
) -> None:
    given = [f"--set=audit.{setting}" for setting in settings]
    assert complaint in helm.refusal("--set=enableViolationExport=true", f"--set=exportBackend={driver}", *given)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        pytest.param(("resultsDir=/",), "resultsDir must be the absolute path of a folder other than /", id="all"),
        pytest.param(("resultsDir=results",), "resultsDir must be the absolute path of a folder", id="no whole path"),
        pytest.param(("resultsDir=/a/../etc",), "resultsDir must be the absolute path of a folder", id="a way up"),
        pytest.param(("resultsDir=/tmp/",), f"resultsDir: {MOUNTED} /tmp already, that of the volume tmp", id="/tmp"),
        pytest.param(
            ("resultsDir=/tmp/violations",),
            f"resultsDir: {MOUNTED} /tmp/violations already, that of audit.exportVolumeMount.path",
            id="two folders in one place",
        ),
        pytest.param(
            ("audit.exportVolumeMount.path=/tmp", "audit.exportConfig.path=/tmp/x"),
            f"audit.exportVolumeMount.path: {MOUNTED} /tmp already",
            id="the folder of messages at /tmp",
        ),
        pytest.param(
            ("audit.exportVolumeMount.path=//",), "audit.exportVolumeMount.path must be the absolute path", id="//"
        ),
        pytest.param(
            ("extraVolumeMounts[0].name=a", "extraVolumeMounts[0].mountPath=/tmp/violations"),
            f"extraVolumeMounts: {MOUNTED} /tmp/violations already",
            id="a mount of the user's",
        ),
        pytest.param(
            ("audit.exportVolume.name=tmp",),
            "audit.exportVolume: another volume has the name tmp already, that of the chart",
            id="a volume by the name of another",
        ),
        pytest.param(
            ("resultsDir=/results", "audit.resultsVolume.name=tmp-violations"),
            "audit.resultsVolume: another volume has the name tmp-violations already, that of audit.exportVolume",
            id="results in a volume by the name of another",
        ),
        pytest.param(
            ("extraVolumes[0].name=tmp",), "extraVolumes: another volume has the name tmp", id="a volume of the user's"
        ),
        pytest.param(
            ("audit.exportSidecar.name=patrol",),
            "audit.exportSidecar: another container has the name patrol already, that of audit.containerName",
            id="a container by the name of another",
        ),
        pytest.param(("audit.exportSidecar.image=x",), "audit.exportSidecar.name is missing", id="one without a name"),
        pytest.param(
            ("audit.exportSidecar.imagee=x",),
            "additional properties 'imagee' not allowed",
            id="a field that no container has",
        ),
    ],
)
def test_a_pod_that_could_not_be_is_refused_by_the_value(helm: Helm, settings: tuple[str, ...], complaint: str) -> None:
    assert complaint in helm.refusal(*DISK, *(f"--set={setting}" for setting in settings))


def test_a_path_outside_of_the_volume_is_refused(helm: Helm) -> None:
    told = helm.refusal(*DISK, "--set=audit.exportConnection.path=/var/violations")
    assert (
        "audit.exportConnection.path: /var/violations is not in the volume, which is mounted at /tmp/violations" in told
    )
