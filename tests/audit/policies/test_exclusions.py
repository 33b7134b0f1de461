"""Config decides which objects are left out, process by process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.policies.exclusions import Exclusions


def config(*rows: Any) -> dict[str, Any]:
    return {"kind": "Config", "metadata": {"name": "config"}, "spec": {"match": list(rows)}}


def row(*patterns: str, process: str = "audit") -> dict[str, Any]:
    return {"processes": [process], "excludedNamespaces": list(patterns)}


def namespaced(namespace: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace}}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}
OTHER_NAMESPACE = {"apiVersion": "example.com/v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "kube-system"}}


@pytest.mark.parametrize(
    ("pattern", "item", "excluded"),
    [
        pytest.param("kube-system", namespaced("kube-system"), True, id="an object in the namespace"),
        pytest.param("kube-system", namespaced("kube-systems"), False, id="a name without a star is exact"),
        pytest.param("kube-*", namespaced("kube-system"), True, id="a trailing star is a prefix"),
        pytest.param("*-system", namespaced("kube-system"), True, id="a leading star is a suffix"),
        pytest.param("*be-s*", namespaced("kube-system"), True, id="two stars are a substring"),
        pytest.param("kube-system", NAMESPACE, True, id="a Namespace goes by its own name"),
        pytest.param("kube-system", OTHER_NAMESPACE, False, id="another group's Namespace has no namespace"),
        pytest.param("kube-system", NODE, False, id="a cluster-scoped object does not go by its name"),
        pytest.param("*", NODE, True, id="a star leaves out cluster-scoped objects too"),
        pytest.param("*", namespaced("any"), True, id="a star leaves out every namespace"),
        pytest.param("**", NODE, True, id="two stars alone are one star"),
        pytest.param("k*", NODE, False, id="a prefix does not match the empty namespace"),
    ],
)
def test_a_pattern_leaves_out(pattern: str, item: dict[str, Any], excluded: bool) -> None:
    assert Exclusions.of(config(row(pattern))).of_process("audit").test()(item) is excluded


def test_rows_of_other_processes_do_not_count() -> None:
    exclusions = Exclusions.of(config(row("a", process="webhook"), row("b", process="sync")))
    assert not any(exclusions.of_process("audit").test()(namespaced(name)) for name in "ab")
    assert exclusions.of_process("sync").test()(namespaced("b"))


def test_the_process_star_counts_for_every_process() -> None:
    exclusions = Exclusions.of(config(row("a", process="*"), row("b")))
    assert [exclusions.of_process("audit").test()(namespaced(name)) for name in "abc"] == [True, True, False]
    assert [exclusions.of_process("sync").test()(namespaced(name)) for name in "abc"] == [True, False, False]


@pytest.mark.parametrize("absent", [None, {}, {"spec": None}, {"spec": {}}, {"spec": {"match": None}}, config()])
def test_without_rows_nothing_is_left_out(absent: dict[str, Any] | None) -> None:
    exclusions = Exclusions.of(absent)
    assert exclusions.problems == ()
    assert exclusions.of_process("audit").test()(NODE) is False


def test_an_object_without_metadata_has_the_empty_namespace() -> None:
    excluded = Exclusions.of(config(row("*"))).of_process("audit").test()
    assert excluded({"apiVersion": "v1", "kind": "Pod"})


@pytest.mark.parametrize(
    ("match", "problem"),
    [
        ({"a": 1}, 'Config config: spec.match must be a list, not {"a":1}'),
        (["kube-*"], 'Config config: spec.match[0] must be an object, not "kube-*"'),
        (
            [{"processes": ["*"], "excludedNamespaces": "kube-*"}],
            'Config config: spec.match[0].excludedNamespaces must be a list of strings, not "kube-*"',
        ),
        (
            [row("a"), {"processes": [7], "excludedNamespaces": ["b"]}],
            "Config config: spec.match[1].processes must be a list of strings, not [7]",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place_and_value(match: Any, problem: str) -> None:
    assert Exclusions.of({"spec": {"match": match}}).problems == (problem,)


@pytest.mark.parametrize("spec", ["", "kube-*", [], [{"match": []}], 7, False])
def test_a_spec_that_is_no_object_is_named(spec: Any) -> None:
    assert Exclusions.of({"spec": spec}).problems == (
        f"Config config: spec must be an object, not {json.dumps(spec, separators=(',', ':'))}",
    )


@pytest.mark.parametrize("field", ["processes", "excludedNamespaces"])
@pytest.mark.parametrize("value", ["", 0, False, {}])
def test_what_is_empty_but_no_list_is_named(field: str, value: Any) -> None:
    problem = f"Config config: spec.match[0].{field} must be a list of strings, not {json.dumps(value, separators=(',', ':'))}"
    assert Exclusions.of(config({field: value})).problems == (problem,)


def test_a_bad_row_does_not_hide_the_good_ones() -> None:
    exclusions = Exclusions.of(config(7, row("a")))
    assert len(exclusions.problems) == 1
    assert exclusions.of_process("audit").test()(namespaced("a"))
