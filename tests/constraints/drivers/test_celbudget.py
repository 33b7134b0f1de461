"""Policies of CEL that cost too much, or just not: each answer is that of gator 3.23."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.drivers.cel import CelDriver
from constraints.inventory import EMPTY

OUT = "validation failed due to running out of cost budget, no further validation rules will be run"
CANCELLED = "operation cancelled: actual cost limit exceeded"


def said(code: dict[str, Any], spec: Any = None, parameters: Any = None) -> list[str]:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "spec": spec or {}}
    review = {"object": obj, "oldObject": None, "operation": "", "namespaceObject": {}}
    program = CelDriver().compile("Probe", code).program(parameters)
    return [finding.message for finding in program(review, EMPTY)]


def source(*expressions: str, **more: Any) -> dict[str, Any]:
    return {"validations": [{"expression": text, "message": "m"} for text in expressions], **more}


def chain(step: str, count: int) -> list[dict[str, str]]:
    """Variables v1 and so on, each made of the one before."""
    first = {"name": "v0", "expression": "'aaaaaaaaaa'"}
    return [
        first,
        *({"name": f"v{at}", "expression": step.replace("v", f"variables.v{at - 1}")} for at in range(1, count)),
    ]


def nested(macro: str, depth: int, items: int) -> str:
    body = "true" if macro == "all" else "1"
    for at in range(depth):
        body = f"lists.range({items}).{macro}(x{at}, {body})"
    return body if macro == "all" else f"{body}.size() > 0"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(source("object.spec.l.all(a, object.spec.l.all(b, a + b >= 0))"), id="pairs of 1,000 items"),
        pytest.param(source(nested("all", 3, 200)), id="three macros over 200"),
        pytest.param(source(nested("all", 6, 100)), id="six macros over 100"),
        pytest.param(source(nested("map", 4, 100)), id="a map of maps"),
        pytest.param(source("variables.v39.size() == 0", variables=chain("v + v", 40)), id="a text doubled again and again"),
        pytest.param(source("variables.v9.size() == 0", variables=chain("v.replace('a', v)", 10)), id="a text replaced by itself"),
        pytest.param(source("variables.v30.size() == 0", variables=chain("[v, v].join()", 31)), id="a text joined with itself"),
        pytest.param(source("variables.v30.size() == 0", variables=chain("'%s%s'.format([v, v])", 31)), id="a text formatted with itself"),
        pytest.param(source("object.spec.l.all(a, object.spec.l.distinct().size() > 0)"), id="squares of 1,000 items"),
        pytest.param(source("object.spec.l.map(a, object.spec.t).join().matches('(a|b)*c')"), id="a pattern in a long text"),
        pytest.param(source("object.spec.l.exists(a, a in object.spec.l.filter(b, b < 0)) || " * 20 + "true"), id="many that are false"),
    ],
)  # fmt: skip
def test_what_costs_too_much_is_stopped(code: dict[str, Any]) -> None:
    spec = {"l": list(range(1000)), "t": "a" * 3000}
    assert said(code, spec) == [OUT]
    assert said({**code, "failurePolicy": "Ignore"}, spec) == []


PAIRS = "object.spec.l.all(a, object.spec.l.all(b, a == b || a != b))"


@pytest.mark.parametrize(
    ("items", "texts"),
    [pytest.param(333, [], id="just enough"), pytest.param(334, [OUT], id="one more")],
)
def test_the_border_is_kubernetes_own(items: int, texts: list[str]) -> None:
    assert said(source(PAIRS), {"l": list(range(items))}) == texts


DEAR = "object.spec.l.all(a, !object.spec.t.matches('(a|b)*c'))"  # 2 for each turn of all, 1 to negate, 606 in it
MOST = 1642  # items


def spec(items: int) -> dict[str, Any]:
    return {"l": [1] * items, "t": "a" * 3000}


def test_validations_share_a_budget() -> None:
    assert said(source(DEAR), spec(MOST)) == []
    assert said(source(DEAR), spec(MOST + 1)) == [OUT]
    assert said(source(DEAR, DEAR), spec(MOST // 2 - 1)) == []
    assert said(source(DEAR, "false", DEAR), spec(MOST // 2 + 2)) == [OUT]


def test_variables_are_paid_once_for_validations_and_once_for_messages() -> None:
    variables = [{"name": "v", "expression": DEAR}]
    code = source("variables.v", "!variables.v", "variables.v", variables=variables)
    assert said(code, spec(MOST - 1)) == ["m"]
    code["validations"][0]["messageExpression"] = "variables.v ? 'a' : 'b'"
    assert said(code, spec(MOST // 2 - 1)) == ["m"]
    assert said(code, spec(MOST // 2 + 2)) == [f"failed messageExpression: {OUT}"] * 3
    assert said({**code, "failurePolicy": "Ignore"}, spec(MOST // 2 + 2)) == []


def test_conditions_have_a_budget_of_their_own_and_each_its_limit() -> None:
    conditions = [{"name": f"c{at}", "expression": DEAR} for at in range(3)]
    assert said(source("false", matchCondition=conditions[:2]), spec(MOST)) == ["m"]
    failed = f"expression '{DEAR}' resulted in error: {CANCELLED}"
    assert said(source("false", matchCondition=conditions[:2]), spec(MOST + 1)) == [failed]
    assert said(source("false", matchCondition=conditions), spec(MOST + 1)) == [OUT]
    assert said(source("false", matchCondition=conditions, failurePolicy="Ignore"), spec(MOST + 1)) == []


def test_what_is_not_looked_at_costs_nothing_and_what_costs_too_much_is_not_hidden() -> None:
    assert said(source(f"true || {DEAR}"), spec(MOST + 1)) == []
    assert said(source(f"{DEAR} || true"), spec(MOST + 1)) == [OUT]


def test_parameters_count_for_each_object() -> None:
    dear = DEAR.replace("object.spec", "variables.params")
    assert said(source(dear), None, spec(MOST - 5)) == []
    assert said(source(dear), None, spec(MOST + 1)) == [OUT]


def test_memory_that_kubernetes_does_not_charge_for_has_an_end() -> None:
    lists = [{"name": "v0", "expression": "[1]"}, *chain("v + v", 40)[1:]]
    assert said(source("variables.v39.size() == 0", variables=lists)) == [OUT]
    nests = [{"name": "v0", "expression": "[1, 2, 3, 4, 5, 6, 7, 8, 9]"}, *chain("[v, v]", 40)[1:]]
    assert said(source("dyn(variables.v39).flatten(100).size() == 0", variables=nests)) == [OUT]
