"""Which kinds a run lists."""

from __future__ import annotations

from builders import constraint, pods

from audit.model import Resource
from audit.plan import plan, without_data, without_managed_fields
from constraints import Constraint, Kind


def resource(group: str, kind: str) -> Resource:
    return Resource(Kind(group, "v1", kind), kind.lower() + "s", True)


CLUSTER = [
    resource("", "Pod"),
    resource("", "Event"),
    resource("events.k8s.io", "Event"),
    resource("apps", "Deployment"),
    resource("example.com", "Pod"),
]


def listed(*constraints: Constraint) -> list[tuple[str, str]]:
    return [(i.resource.kind.group, i.resource.kind.kind) for i in plan(CLUSTER, constraints).listings]


def test_a_constraint_without_kinds_has_every_kind_listed_and_objects_of_two_groups_once() -> None:
    assert listed(constraint()) == [("", "Event"), ("", "Pod"), ("apps", "Deployment"), ("example.com", "Pod")]


def test_without_constraints_nothing_is_listed() -> None:
    assert listed() == []


def test_group_and_kind_decide() -> None:
    assert listed(constraint(kinds=pods("Pod"))) == [("", "Pod")]


def test_a_constraint_that_names_no_kinds_makes_it_list_all() -> None:
    assert len(listed(constraint(kinds=pods("Pod")), constraint("two"))) == 4


def test_a_star_is_every_kind_of_the_named_groups() -> None:
    assert listed(constraint(kinds=[{"apiGroups": ["apps"], "kinds": ["*"]}])) == [("apps", "Deployment")]


def test_an_entry_without_kinds_takes_its_groups_whole() -> None:
    assert listed(constraint(kinds=[{"apiGroups": ["apps"]}])) == [("apps", "Deployment")]


def test_the_second_group_of_the_same_objects_is_listed_only_for_who_names_it() -> None:
    found = plan(CLUSTER, [constraint(kinds=pods("Event", group="events.k8s.io"))]).listings
    assert [(i.resource.kind.group, i.alias_of) for i in found] == [("events.k8s.io", Kind("", "v1", "Event"))]


def test_what_is_left_out_is_told() -> None:
    assert Kind("apps", "v1", "Deployment") in plan(CLUSTER, [constraint(kinds=pods("Pod"))]).skipped


def test_only_secrets_and_config_maps_are_listed_without_data_and_only_where_no_policy_reads_it() -> None:
    cluster = [resource("", kind) for kind in ("ConfigMap", "Pod", "Secret")] + [resource("example.com", "Secret")]
    chosen = plan(cluster, [constraint()])
    for read in ((), ("Secret",)):
        without = without_data(chosen, lambda kind, read=read: kind.kind not in read)  # type: ignore[misc]
        expected = {"ConfigMap", "Secret"} - set(read)
        assert [i.resource for i in without.listings if i.metadata_only] == [
            each for each in cluster[:3] if each.kind.kind in expected
        ]
        assert [i.resource for i in without.listings] == [i.resource for i in chosen.listings]


def test_managed_fields_are_left_out_only_of_kinds_of_which_no_policy_reads_them() -> None:
    chosen = plan(CLUSTER, [constraint()])
    without = without_managed_fields(chosen, lambda kind: kind.kind == "Pod")
    assert {i.resource.kind.kind for i in without.listings if i.managed_fields} == {"Pod"}
    assert [i.resource for i in without.listings] == [i.resource for i in chosen.listings]
