"""The samples that `patrol demo` shows: each policy is usable, and finds what it is meant to find and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from constraints import Engine, Gap, Inventory, Violation
from constraints.review import review_of

SAMPLES = Path(__file__).parent.parent / "manifests" / "samples"

EXPECTED: dict[str, dict[str, int]] = {  # constraint -> object -> violations
    "K8sRequiredLabels/namespaces-have-an-owner": {"v1/Namespace payments": 1, "v1/Namespace monitoring": 1},
    "K8sAllowedRepos/images-come-from-our-registry": {
        "v1/Pod payments/debug-alice": 1,
        "v1/Pod payments/ledger-5c7b9f6c8d-8wq4n": 1,
    },
    "K8sContainerLimits/containers-have-limits": {
        "v1/Pod payments/debug-alice": 2,
        "v1/Pod shop/cart-7f9c8d5b4-x2mzq": 1,
    },
    "K8sPSPPrivilegedContainer/no-privileged-containers": {"v1/Pod payments/debug-alice": 1},
    "K8sReplicaLimits/more-than-one-replica": {"apps/v1/Deployment shop/cart": 1},
    "K8sHttpsOnly/ingresses-are-https-only": {"networking.k8s.io/v1/Ingress shop/shop": 2},
    "K8sDisallowedTags/no-latest-tag": {
        "v1/Pod payments/debug-alice": 1,
        "v1/Pod shop/cart-7f9c8d5b4-x2mzq": 1,
    },
    "K8sUniqueServiceSelector/selectors-are-unique": {"v1/Service shop/web": 1, "v1/Service shop/web-canary": 1},
}


def documents(folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((SAMPLES / folder).glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def synced(objects: list[dict[str, Any]]) -> Inventory:
    sync_set = yaml.safe_load((SAMPLES / "syncset.yaml").read_text())
    kinds = {(gvk["version"], gvk["kind"]) for gvk in sync_set["spec"]["gvks"]}
    return Inventory.of(item for item in objects if (item["apiVersion"], item["kind"]) in kinds)


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = Engine()
    for template in documents("templates"):
        made.add_template(template)
    for constraint in documents("constraints"):
        made.add_constraint(constraint)
    return made


@pytest.fixture(scope="module")
def outcomes(engine: Engine) -> list[Violation | Gap]:
    objects = list(documents("objects"))
    namespaces = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Namespace"}
    inventory = synced(objects)
    reviews = (review_of(item, namespaces.get(item["metadata"].get("namespace"))) for item in objects)
    return [outcome for review in reviews for outcome in engine.review(review, inventory)]


@pytest.fixture(scope="module")
def violations(outcomes: list[Violation | Gap]) -> list[Violation]:
    return [outcome for outcome in outcomes if isinstance(outcome, Violation)]


def test_every_template_has_one_constraint(engine: Engine) -> None:
    assert sorted(found.kind for found in engine.enforced()) == sorted(engine.templates)


@pytest.mark.parametrize("key", EXPECTED)
def test_a_sample_constraint_finds_exactly_what_it_is_meant_to(key: str, violations: list[Violation]) -> None:
    assert Counter(str(v.object) for v in violations if v.constraint.key == key) == EXPECTED[key]


def test_every_sample_constraint_has_an_expectation(engine: Engine) -> None:
    assert set(engine.constraints) == set(EXPECTED)


def test_nothing_stays_unaudited_and_no_policy_fails(outcomes: list[Violation | Gap]) -> None:
    assert [outcome for outcome in outcomes if isinstance(outcome, Gap) or outcome.error] == []


def test_the_samples_show_every_enforcement_action(violations: list[Violation]) -> None:
    assert {v.action for v in violations} == {"deny", "warn", "dryrun", "scoped"}


def test_some_objects_of_every_namespaced_kind_are_in_order(violations: list[Violation]) -> None:
    objects = Counter(item["kind"] for item in documents("objects"))
    wrong = Counter(reference.kind.kind for reference in {str(v.object): v.object for v in violations}.values())
    assert all(wrong[kind] < count for kind, count in objects.items())
