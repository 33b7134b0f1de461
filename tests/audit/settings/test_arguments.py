"""Command line and environment: what is read, what is refused and in which words."""

from __future__ import annotations

import pytest
from configuring import configured

from audit.errors import ConfigError
from audit.settings.arguments import HelpWanted, parse, unknown_variables


@pytest.mark.parametrize(
    ("arguments", "interval"),
    [
        pytest.param(["--audit-interval=5"], 5, id="two dashes and equals"),
        pytest.param(["-audit-interval=5"], 5, id="one dash and equals"),
        pytest.param(["--audit-interval", "5"], 5, id="two dashes and a space"),
        pytest.param(["-audit-interval", "5"], 5, id="one dash and a space"),
        pytest.param(["--audit-interval=5", "--audit-interval=6"], 6, id="the last one wins"),
        pytest.param(["--audit-interval=0"], 0, id="zero is allowed"),
    ],
)
def test_values_are_read_as_go_does(arguments: list[str], interval: int) -> None:
    assert configured(*arguments).audit.interval == interval


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--once", True),
        ("-once", True),
        ("--once=true", True),
        ("--once=T", True),
        ("--once=1", True),
        ("--once=false", False),
        ("--once=F", False),
        ("--once=0", False),
    ],
)
def test_booleans_stand_alone_or_take_a_value_after_equals(argument: str, value: bool) -> None:
    assert configured(argument).audit.once is value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--audit-intervall=5"], "unknown flag --audit-intervall: did you mean --audit-interval?", id="typo"
        ),
        pytest.param(["-zzz"], "unknown flag -zzz", id="unknown"),
        pytest.param(
            ["--audit-interval=-1"], "--audit-interval=-1: expected a whole number of seconds, 0 or more", id="negative"
        ),
        pytest.param(
            ["--audit-chunk-size=x"], "--audit-chunk-size=x: expected a whole number, 0 or more", id="no number"
        ),
        pytest.param(["--audit-chunk-size="], "--audit-chunk-size=: expected a whole number, 0 or more", id="no value"),
        pytest.param(
            ["--audit-chunk-size=9999999999999"],
            "--audit-chunk-size=9999999999999: expected a whole number, 0 or more",
            id="huge",
        ),
        pytest.param(
            ["--audit-chunk-size"], "--audit-chunk-size needs a value: a whole number, 0 or more", id="value left out"
        ),
        pytest.param(["--once=maybe"], "--once=maybe: expected true or false", id="no boolean"),
        pytest.param(
            ["--once", "false"],
            "unexpected argument 'false': a boolean flag takes its value after =, as in --once=false",
            id="boolean and a space",
        ),
        pytest.param(
            ["--prometheus-port=70000"], "--prometheus-port=70000: expected a port from 0 to 65535", id="port"
        ),
        pytest.param(
            ["--health-addr=9090"],
            "--health-addr=9090: expected an address such as :9090 or 127.0.0.1:9090, or 0",
            id="address without a colon",
        ),
        pytest.param(
            ["--log-violations=x"], "--log-violations=x: expected all, none or changes", id="lines for violations"
        ),
        pytest.param(
            ["--log-level-encoder=shouting"],
            "--log-level-encoder=shouting: expected lower, capital, color or capitalcolor",
            id="encoder",
        ),
        pytest.param(
            ["--log-level-key=msg"],
            "--log-level-key=msg: expected a key other than ts, logger, msg, process, audit_id, event_type",
            id="key taken",
        ),
        pytest.param(["--manage-crds=yes"], "--manage-crds=yes: expected auto, true or false", id="decision"),
        pytest.param(
            ["--metrics-backend=opentelemetry"],
            "--metrics-backend=opentelemetry: expected prometheus, the only metrics backend of this program",
            id="metrics backend",
        ),
        pytest.param(
            ["--operation=audits"],
            "--operation=audits: expected some of audit, generate, mutation-controller, mutation-status, mutation-webhook, status, webhook",
            id="operation",
        ),
        pytest.param(
            ["--pod-namespace=../kube-system"],
            "--pod-namespace=../kube-system: expected a DNS label: at most 63 of a-z, 0-9 and -",
            id="namespace that is a path",
        ),
        pytest.param(["--api-cache-dir="], "--api-cache-dir=: expected the path of a folder", id="empty path"),
        pytest.param(
            ["--otlp-metric-interval=soon"],
            "--otlp-metric-interval=soon: expected a duration such as 10s or 3m",
            id="an ignored flag is checked too",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_value(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(arguments, {})
    assert str(caught.value) == message


def test_the_command_line_wins_over_the_environment() -> None:
    assert configured("--audit-interval=5", PATROL_AUDIT_INTERVAL="6").audit.interval == 5
    assert configured(PATROL_AUDIT_INTERVAL="6").audit.interval == 6
    assert configured(PATROL_AUDIT_INTERVAL="").audit.interval == 60


def test_a_bad_variable_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError) as caught:
        parse([], {"PATROL_AUDIT_INTERVAL": "often"})
    assert str(caught.value) == "PATROL_AUDIT_INTERVAL=often: expected a whole number of seconds, 0 or more"


def test_the_variable_that_kubernetes_sets_for_a_service_named_patrol_is_no_flag() -> None:
    assert configured(PATROL_PORT="tcp://10.0.0.1:8888") == configured()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("PATROL_AUDIT_INTERVALL", "5", "did you mean PATROL_AUDIT_INTERVAL?", id="a letter too many"),
        pytest.param("PATROL_audit_interval", "5", "did you mean PATROL_AUDIT_INTERVAL?", id="small letters"),
        pytest.param("PATROL_INTERVAL", "", "no such flag", id="an empty one"),
        pytest.param("PATROL_PROMETHEUSPORT", "9000", "did you mean PATROL_PROMETHEUS_PORT?", id="no underscore"),
        pytest.param("PATROL_METRICS_PORT", "9000", "no such flag", id="a port that is no service's"),
        pytest.param("PATROL_QQQQQQ", "x", "no such flag", id="nothing is close"),
    ],
)
def test_a_variable_that_is_no_flag_is_said_and_its_value_is_not(name: str, value: str, said: str) -> None:
    (warning,) = unknown_variables({name: value, "PATH": "/bin", "POD_NAME": "a", "PATROL_AUDIT_INTERVAL": "5"})
    assert name in warning
    assert said in warning
    assert not value or f"={value}" not in warning


@pytest.mark.parametrize("service", ["PATROL", "PATROL_PROMETHEUS", "PATROL_AUDIT_2"])
def test_what_kubernetes_sets_for_services_is_neither_said_nor_read(service: str) -> None:
    address = "tcp://10.0.0.1:8888"
    environ = {
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "8888",
        f"{service}_SERVICE_PORT_METRICS": "8888",
        f"{service}_PORT": address,
        f"{service}_PORT_8888_TCP": address,
        f"{service}_PORT_8888_TCP_PROTO": "tcp",
        f"{service}_PORT_8888_TCP_PORT": "8888",
        f"{service}_PORT_8888_TCP_ADDR": "10.0.0.1",
        f"{service}_PORT_53_UDP": "udp://10.0.0.1:53",
    }
    assert unknown_variables(environ) == ()
    assert configured(**environ) == configured()


def test_an_ignored_flag_is_accepted_and_said_when_it_was_meant_to_change_something() -> None:
    assert configured("--audit-from-cache=false", "--enable-external-data").warnings == ()
    assert configured("--audit-from-cache").warnings == (
        "--audit-from-cache=true has no effect: the flag is accepted for compatibility and ignored "
        "(objects are always listed from the API server)",
    )


@pytest.mark.parametrize("word", ["-h", "-help", "--help"])
def test_help_is_not_an_error(word: str) -> None:
    with pytest.raises(HelpWanted):
        parse(["--once", word], {})
