"""Several engines may be used by several threads at once, each by one: they answer as they do one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier
from typing import Any

import pytest
from policybuilders import constraint, template

from constraints import Engine, Inventory, Point
from constraints.drivers import DriverOptions, make_drivers
from constraints.model import Object
from constraints.rego.builtins import Capabilities
from constraints.rego.policy import Settings
from constraints.review import review_of

THREADS = 4
BUDGET = 60_000

WALK = """package x
violation[{"msg": msg}] {
  numbers := [value | walk(input.review.object.spec, [_, value]); is_number(value)]
  msg := sprintf("%d numbers up to %v", [count(numbers), max(numbers)])
}
"""
NEARLY = """package x
violation[{"msg": msg}] {
  pairs := {[a, b] | a := numbers.range(1, 55)[_]; b := numbers.range(1, 55)[_]; a != b}
  msg := sprintf("%d pairs", [count(pairs)])
}
"""
TOO_MUCH = """package x
violation[{"msg": msg}] {
  pairs := {[a, b] | a := numbers.range(1, 110)[_]; b := numbers.range(1, 110)[_]; a != b}
  msg := sprintf("%d pairs", [count(pairs)])
}
"""
PATTERNS = """package x
violation[{"msg": msg}] {
  name := input.review.object.metadata.name
  found := [part | part := regex.find_n(sprintf("%s|[a-z]|[0-9]+", [substring(name, 1, 2)]), name, -1)[_]]
  re_match("^pod-[0-9]+$", name)
  msg := sprintf("%v of %v in %v", [found, name, json.marshal({"name": name, "more": sort(found)})])
}
"""
JOIN = """package x
violation[{"msg": msg}] {
  other := data.inventory.namespace[ns]["v1"]["Pod"][name]
  other.metadata.labels.app == input.review.object.metadata.labels.app
  name != input.review.object.metadata.name
  msg := sprintf("%v has the label, too", [name])
}
"""
CONFLICT = """package x
answer = value { value := input.review.object.spec.numbers[_] }
violation[{"msg": msg}] { msg := sprintf("%v", [answer]) }
"""
POLICIES = {
    "Walk": WALK,
    "Nearly": NEARLY,
    "TooMuch": TOO_MUCH,
    "Patterns": PATTERNS,
    "Join": JOIN,
    "Conflict": CONFLICT,
}
CEL = {
    "variables": [{"name": "size", "expression": "quantity(object.spec.size)"}],
    "validations": [
        {
            "expression": "variables.size.isLessThan(quantity('1Gi')) && object.metadata.name.matches('^p[a-z]+-[13579]$')",
            "messageExpression": "'%s of %s'.format([object.metadata.name, object.spec.size])",
        }
    ],
}


def pod(number: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}", "namespace": "default", "labels": {"app": f"app-{number % 3}"}},
        "spec": {
            "numbers": list(range(number, number + 40)),
            "deep": {"er": [{"x": number}] * 20},
            "size": f"{number}Gi",
        },
    }


PODS = [pod(number) for number in range(6)]
INVENTORY = Inventory.of(PODS)


def cel_template() -> dict[str, Any]:
    made = template("Cel")
    made["spec"]["targets"] = [
        {
            "target": "admission.k8s.gatekeeper.sh",
            "code": [{"engine": "K8sNativeValidation", "source": CEL}],
        }
    ]
    return made


def engine() -> Engine:
    made = Engine(Point.GATOR, make_drivers(DriverOptions(rego=Settings(Capabilities().builtins(), budget=BUDGET))))
    for kind, rego in POLICIES.items():
        made.add_template(template(kind, rego))
        made.add_constraint(constraint("one", kind))
    made.add_template(cel_template())
    made.add_constraint(constraint("one", "Cel"))
    return made


def answers(used: Engine) -> list[str]:
    """What the engine says of all Pods: messages of violations and gaps."""
    return [outcome.message for found in PODS for outcome in used.review(review_of(found), INVENTORY)]


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
def test_engines_answer_in_threads_as_they_do_one_after_the_other() -> None:
    alone = answers(engine())
    assert any("more steps" in answer for answer in alone)
    assert any("conflict" in answer for answer in alone)
    start = Barrier(THREADS)

    def asked(_: int) -> list[list[str]]:
        start.wait()
        mine = engine()
        return [answers(mine) for _ in range(3)]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(asked, range(THREADS)))
    assert found == [[alone] * 3] * THREADS


@pytest.mark.usefixtures("_restless")
def test_threads_that_copy_the_variables_of_another_count_their_own_steps() -> None:
    engines = [engine() for _ in range(THREADS)]
    alone = [answers(one) for one in engines]
    with ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(copy_context().run, answers, one) for one in engines]
        assert [one.result() for one in asked] == alone
