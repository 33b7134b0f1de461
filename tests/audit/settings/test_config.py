"""Where flags go, and what several of them mean together."""

from __future__ import annotations

import ast
import inspect
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from configuring import configured

from audit.settings.config import AuditConfig, ClusterConfig, Config, EventsConfig, LogConfig, ServeConfig
from audit.settings.flags import BY_NAME, IN_VAIN
from audit.settings.flagtypes import Value
from audit.settings.rows import AnyFlag, rows

TEXTS = ("7", "true", "false", "7s", "64Mi", ":7", "none", "changes", "audit", "http.send", "Ignore", "capital", "uid")
TEXTS += ("wgpolicy", "summary", "fail,error")
ALWAYS = {"audit-match-kind-only"}  # what it asks for is done in any case
HEEDED = frozenset(BY_NAME) - IN_VAIN - ALWAYS  # the flags that fill a field
ONE_VALUE = {"metrics-backend"}  # there is no other than the default, and so nobody reads it
AUDIT = Path(__file__).parents[3] / "audit"


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


def test_each_flag_that_counts_is_read_by_somebody() -> None:
    sources = [path for path in AUDIT.rglob("*.py") if path.parent.name != "settings"]
    outside = {one for path in sources for one in reads(path.read_text())}
    unread = []
    for name, group in grouped(Config()).items():
        places = {place for of, place in outside if of in (name, "config")}
        kept = [getattr(type(group), place, None) for place in places]  # some are read through a property
        through = [inspect.getsource(one.fget) for one in kept if isinstance(one, property) and one.fget]
        places |= {place for source in through for of, place in reads(dedent(source)) if of == "self"}
        unread += [row.name for place, row in rows(group) if place not in places]
    assert unread == sorted(ONE_VALUE)


def reads(source: str) -> set[tuple[str, str]]:
    """The attributes that are read there, each with the last word of what it is read of."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    nodes = [(node.value, node.attr) for node in found if isinstance(node.ctx, ast.Load)]
    return {(getattr(of, "attr", getattr(of, "id", "")), place) for of, place in nodes}


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


def test_nobody_is_warned_who_asks_for_what_is_done_in_any_case() -> None:
    assert configured("--audit-match-kind-only").warnings == ()


def test_builtins_are_also_read_in_the_braces_of_gatekeepers_chart() -> None:
    disabled = configured("--disable-opa-builtin={http.send}", "--disable-opa-builtin=net.lookup_ip_addr")
    assert disabled.policies.disabled_builtins == ("http.send", "net.lookup_ip_addr")


def test_an_unknown_log_level_is_info_and_is_said() -> None:
    config = configured("--log-level=debug")
    assert config.log.known_level == "INFO"
    assert config.warnings == ("--log-level=debug is not one of DEBUG, INFO, WARNING, ERROR: INFO is used",)


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


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ((), 300),
        (("--audit-interval=1000",), 3000),
        (("--audit-interval=1000", "--ready-max-age=400"), 400),
        (("--audit-interval=1000", "--ready-max-age=300"), 300),
        (("--audit-interval=1000", "--ready-max-age=0"), 0),
    ],
)
def test_readiness_waits_for_three_intervals_where_nothing_else_is_said(
    arguments: tuple[str, ...], seconds: int
) -> None:
    assert configured(*arguments).serve.ready_max_age == seconds


def test_a_namespace_for_events_that_nobody_writes_is_said_to_have_no_effect() -> None:
    alone = configured("--audit-events-involved-namespace")
    assert alone.warnings == ("--audit-events-involved-namespace has no effect without --emit-audit-events",)
    both = configured("--emit-audit-events", "--audit-events-involved-namespace")
    assert (both.events, both.warnings) == (EventsConfig(emit=True, involved_namespace=True), ())
