"""The table of flags: what is parsed, what is refused, and what help and README say of it."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from audit.errors import ConfigError
from audit.settings.arguments import HelpWanted, parse, unknown_variables, warnings
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig, ServeConfig
from audit.settings.flags import BY_NAME, FLAGS, GROUPS, HEEDED, IGNORED
from audit.settings.flagtypes import Value
from audit.settings.rows import AnyFlag, rows, spelled
from audit.settings.usage import BEGIN, END, flags_help, readme_section, with_section

README = Path(__file__).parents[3] / "README.md"
EVERY_FLAG = [pytest.param(flag, id=flag.name) for flag in FLAGS]
TEXTS = ("7", "true", "false", "7s", "64Mi", ":7", "none", "audit", "http.send", "Ignore", "capital")
ONE_VALUE = {"metrics-backend"}  # there is no other than the default


def configured(*arguments: str, **environ: str) -> Config:
    values = parse(arguments, environ)
    return Config.of(values, warnings(values))


def test_without_arguments_the_defaults_are_those_of_gatekeeper() -> None:
    config = configured()
    assert config.audit.interval == 60
    assert config.audit.chunk_size == 500
    assert config.audit.violations_limit == 20
    assert config.audit.cache_dir == "/tmp/audit"
    assert config.log == LogConfig(level="INFO", level_key="level", level_encoder="lower", file="")
    assert config.serve == ServeConfig(health_addr=":9090", prometheus_port=8888, ready_max_age=300)
    assert config.cluster.shutdown_delay == 10
    assert config.cluster.pod_namespace == "gatekeeper-system"
    assert config.warnings == ()


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


@pytest.mark.parametrize("flag", EVERY_FLAG)
def test_every_flag_can_be_set_by_its_variable(flag: AnyFlag) -> None:
    wanted = {"operation": "audit", "enable-opa-builtin": "http.send"}.get(flag.name, spelled(flag.default))
    values = parse([], {flag.variable: wanted or "something"})
    assert values.given == {flag.name: flag.variable}


@pytest.mark.parametrize("flag", EVERY_FLAG)
def test_every_default_is_a_value_that_the_flag_accepts(flag: AnyFlag) -> None:
    if flag.default in ("", ()) or flag.name == "operation":
        assert flag.type.expected
    else:
        assert flag.type.read(spelled(flag.default)) == flag.default


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


def test_pod_name_and_namespace_come_from_the_variables_of_the_downward_api() -> None:
    cluster = configured(POD_NAME="audit-7d", POD_NAMESPACE="policy").cluster
    assert cluster == ClusterConfig(pod_name="audit-7d", pod_namespace="policy")
    assert (cluster.identity, cluster.namespace_of_config) == ("audit-7d", "policy")
    assert configured(POD_NAME="audit-7d", PATROL_POD_NAME="mine").cluster.identity == "mine"


def test_a_fake_pod_has_gatekeepers_name_for_it() -> None:
    assert configured("--debug-use-fake-pod", POD_NAME="audit-7d").cluster.identity == "no-pod"


def test_without_a_name_the_pod_is_called_as_its_host() -> None:
    assert configured().cluster.identity == socket.gethostname().lower()


def test_the_first_operation_clears_the_default_and_later_ones_add() -> None:
    audit = configured("--operation=audit,status", "--operation=generate", "--operation=audit").audit
    assert audit.operations == ("audit", "status", "generate")
    assert "webhook" in configured().audit.operations
    assert configured("--operation=audit", PATROL_OPERATION="status").audit.operations == ("audit",)


def test_operations_of_others_are_accepted_and_said() -> None:
    assert configured().audit.performed == ("audit", "status")
    config = configured("--operation=webhook,status", "--operation=generate")
    assert config.audit.performed == ("status",)
    assert config.warnings == ("--operation=webhook,generate has no effect: this program performs audit and status",)


def test_builtins_are_also_read_in_the_braces_of_gatekeepers_chart() -> None:
    disabled = configured("--disable-opa-builtin={http.send}", "--disable-opa-builtin=net.lookup_ip_addr")
    assert disabled.policies.disabled_builtins == ("http.send", "net.lookup_ip_addr")


def test_an_unknown_log_level_is_info_and_is_said() -> None:
    config = configured("--log-level=debug")
    assert config.log.known_level == "INFO"
    assert config.warnings == ("--log-level=debug is not one of DEBUG, INFO, WARNING, ERROR: INFO is used",)


def test_an_ignored_flag_is_accepted_and_said_when_it_was_meant_to_change_something() -> None:
    assert configured("--audit-from-cache=false", "--enable-external-data").warnings == ()
    assert configured("--audit-from-cache").warnings == (
        "--audit-from-cache=true has no effect: the flag is accepted for compatibility and ignored "
        "(objects are always listed from the API server)",
    )


def test_the_arguments_of_gatekeepers_audit_deployment_are_accepted() -> None:
    arguments = """--audit-interval=60 --log-level=INFO --constraint-violations-limit=20
        --validating-webhook-configuration-name=gatekeeper-validating-webhook-configuration
        --mutating-webhook-configuration-name=gatekeeper-mutating-webhook-configuration
        --audit-from-cache=false --audit-chunk-size=500 --audit-match-kind-only=false --emit-audit-events=false
        --audit-events-involved-namespace=false --operation=generate --operation=audit --operation=status
        --operation=mutation-status --logtostderr --health-addr=:9090 --prometheus-port=8888
        --enable-external-data=true --enable-generator-resource-expansion=true --metrics-backend=prometheus
        --disable-cert-rotation=false --external-data-provider-response-cache-ttl=3m
        --enable-k8s-native-validation=true --default-create-vap-for-templates=true
        --default-create-vap-binding-for-constraints=true --default-wait-for-vapb-generation=30"""
    config = configured(*arguments.split())
    assert config.audit == AuditConfig(operations=("generate", "audit", "status", "mutation-status"))
    assert config.audit.performed == AuditConfig().performed
    assert (config.policies, config.log, config.serve) == (Config().policies, Config().log, Config().serve)
    assert [warning.partition(" ")[0] for warning in config.warnings] == [
        "--logtostderr=true",
        "--operation=generate,mutation-status",
    ]


@pytest.mark.parametrize("word", ["-h", "-help", "--help"])
def test_help_is_not_an_error(word: str) -> None:
    with pytest.raises(HelpWanted):
        parse(["--once", word], {})


def test_each_flag_that_counts_stands_at_one_field_of_the_configuration_and_each_field_has_a_flag() -> None:
    names = Counter(row.name for group in grouped(Config()).values() for _, row in rows(group))
    assert names == Counter(HEEDED)
    for group in grouped(Config()).values():
        assert [(place, row.default) for place, row in rows(group)] == list(asdict(group).items())


@pytest.mark.parametrize("flag", [pytest.param(BY_NAME[name], id=name) for name in sorted(HEEDED - ONE_VALUE)])
def test_what_a_flag_says_stands_at_its_field_and_nowhere_else(flag: AnyFlag) -> None:
    text, value = next(accepted for text in TEXTS for accepted in other_values(flag, text))
    before, after = filled(configured()), filled(configured(f"--{flag.name}={text}"))
    assert [(row.name, now) for (row, now), was in zip(after, before, strict=True) if (row, now) != was] == [
        (flag.name, value)
    ]


def grouped(config: Config) -> dict[str, Any]:
    """The groups that flags fill."""
    return {one.name: getattr(config, one.name) for one in fields(config) if one.name != "warnings"}


def filled(config: Config) -> list[tuple[AnyFlag, Value]]:
    """Each flag that counts with what stands at its field."""
    return [(row, getattr(group, place)) for group in grouped(config).values() for place, row in rows(group)]


def other_values(flag: AnyFlag, text: str) -> Iterator[tuple[str, Value]]:
    """The text with its value, when the flag accepts it and it is not the default."""
    with suppress(ValueError):
        if (value := flag.type.read(text)) != flag.default:
            yield text, value


def test_names_and_variables_are_used_once_and_groups_are_known() -> None:
    names = Counter(flag.name for flag in FLAGS)
    variables = Counter(flag.variable for flag in FLAGS)
    assert [name for name, times in (names + variables).items() if times > 1] == []
    assert sum(map(len, GROUPS.values())) == len(FLAGS) == len(BY_NAME)


@pytest.mark.parametrize(
    "choice",
    [
        "--log-violations all|none|changes",
        "--manage-crds auto|true|false",
        "--log-level-encoder lower|capital|color|capitalcolor",
        "--default-k8s-native-validation-failure-policy Fail|Ignore",
    ],
)
def test_help_names_what_can_be_chosen_and_so_does_the_readme(choice: str) -> None:
    name, choices = choice.split()
    assert f"  {choice}\n" in flags_help("run", "")
    (row,) = (line for line in readme_section().splitlines() if line.startswith(f"| `{name}`"))
    assert all(word in row for word in choices.split("|"))


def test_help_shows_every_flag_under_its_group() -> None:
    text = flags_help("run", "Audit.")
    for group, flags in GROUPS.items():
        section = text.partition(f"\n{group}:\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  --([\w-]+)", section, re.MULTILINE) == [flag.name for flag in flags]
    assert "PATROL_AUDIT_INTERVAL" in text


def test_every_flag_has_a_sentence() -> None:
    assert [flag.name for flag in FLAGS if not flag.help] == []


def test_the_section_names_every_flag_and_replaces_what_stood_there() -> None:
    text = with_section(f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n")
    assert text == f"# Title\n\n{readme_section()}\n\nrest\n"
    assert [flag.name for flag in FLAGS if f"`--{flag.name}`" not in text] == []
    assert text.count(IGNORED) == 1


def test_a_file_without_markers_is_refused() -> None:
    with pytest.raises(ConfigError, match="the markers <!-- flags --> and <!-- /flags --> are not there"):
        with_section("# Title\n")


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_section(text) == text, "run: python -m audit.settings.usage README.md"
