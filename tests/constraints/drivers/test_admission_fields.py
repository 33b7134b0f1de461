"""What a policy reads that only an admission request has, and where it does so first."""

from __future__ import annotations

import time
from typing import Any

import pytest

from constraints import Engine
from constraints.drivers.cel import CelDriver
from constraints.drivers.rego import RegoDriver
from constraints.model import AdmissionField, not_auditable
from constraints.review import ADMISSION_ONLY, document, review_of

HEAD = 'package x\nviolation[{"msg": "m"}] {\n  '


def rego(body: str, *libs: str) -> list[str]:
    fields = RegoDriver().compile("K", {"rego": f"{HEAD}{body}\n", "libs": list(libs)}).admission_fields
    return [f"{each.field.removeprefix('input.review.')} {each.location.removeprefix('K/')}" for each in fields]


ALONE = [
    pytest.param('input.review.operation == "UPDATE" }', ["operation template:3:3"], id="a field"),
    pytest.param("input.review.userInfo.groups[_] == 1 }", ["userInfo template:3:3"], id="what is below it"),
    pytest.param('input.review["oldObject"].spec }', ["oldObject template:3:3"], id="in brackets"),
    pytest.param("r := input.review\n  r.dryRun }", ["dryRun template:4:3"], id="by way of a variable"),
    pytest.param("r := input\n  q = r.review\n  q.options }", ["options template:5:3"], id="by way of two"),
    pytest.param('x := object.get(input.review, "subResource", "")\n  x == "" }', ["subResource template:3:8"], id="get"),
    pytest.param('object.get(input, ["review", "uid"], "") == "" }', ["uid template:3:3"], id="get with a path"),
    pytest.param("f(input.review) }\nf(r) { r.operation }", ["operation template:4:8"], id="by way of a function"),
    pytest.param("f(input) }\nf(i) { g(i.review) }\ng(r) { r.uid }", ["uid template:5:8"], id="of a function of it"),
    pytest.param("f.uid }\nf := input.review { true }", ["uid template:3:3"], id="by way of a rule"),
    pytest.param("g(1).uid }\ng(x) := input.review", ["uid template:3:3"], id="by way of an answer"),
    pytest.param("f(1, r)\n  r.uid }\nf(x) := input.review", ["uid template:4:3"], id="by way of an output"),
    pytest.param("f }\nf { false } else { input.review.uid }", ["uid template:4:20"], id="in an else"),
    pytest.param("f(input.review) }\nf(r) { false } else { r.uid }", ["uid template:4:23"], id="of an argument there"),
    pytest.param("count([x | x := input.review.userInfo]) > 0 }", ["userInfo template:3:19"], id="in a comprehension"),
    pytest.param("not input.review.dryRun }", ["dryRun template:3:7"], id="negated"),
    pytest.param('input.parameters.x == 1\n  input.review.uid == "" }', ["uid template:4:3"], id="after a parameter"),
    pytest.param("walk(input.review.oldObject, x) }", ["oldObject template:3:8"], id="in an argument"),
    pytest.param('data.lib.u.is("UPDATE") }', ["operation libs[\"lib_0\"]:2:9"], id="in a library"),
    pytest.param("input.review.uid; input.review.operation }", ["operation template:3:21", "uid template:3:3"], id="two"),
    pytest.param("input.review.uid\n  input.review.uid }", ["uid template:3:3"], id="twice"),
    pytest.param("rs := [input.review]\n  rs[_].uid }", ["uid template:4:3"], id="out of an array"),
    pytest.param('o := {"r": input.review}\n  o.r.uid }', ["uid template:4:3"], id="out of an object"),
    pytest.param("s := {r | r := input.review}\n  s[r].uid }", ["uid template:4:3"], id="out of a set"),
    pytest.param("[r, _] := [input.review, 1]\n  r.uid }", ["uid template:4:3"], id="taken apart"),
    pytest.param("f([input.review]) }\nf([r]) { r.uid }", ["uid template:4:10"], id="taken apart by a function"),
    pytest.param("p[r]; r.uid }\np[r] { r := input.review }", ["uid template:3:9"], id="out of a rule that is a set"),
    pytest.param('p.a.uid }\np[k] = input.review { k := "a" }', ["uid template:3:3"], id="out of one that is an object"),
    pytest.param('k := "uid"\n  input.review[k] }', ["uid template:4:3"], id="a key by a name"),
    pytest.param('f("uid") }\nf(k) { input.review[k] }', ["uid template:4:8"], id="a key that is an argument"),
    pytest.param('ks := ["uid"]\n  input.review[ks[_]] }', ["uid template:4:3"], id="a key out of a list"),
    pytest.param('input.review[k]\n  k = "uid" }', ["uid template:3:3"], id="a key that is told later"),
    pytest.param("r := object.union(input.review, {})\n  r.uid }", ["uid template:4:3"], id="out of a union"),
    pytest.param('json.filter(input, ["review/uid"]) == {} }', ["uid template:3:3"], id="a filter"),
    pytest.param("input.review.uid with input.review.name as 1 }", ["uid template:3:3"], id="with another field replaced"),
    pytest.param('input.review[k]\n  k == "uid" }', ["uid template:4:3"], id="a key that is compared later"),
    pytest.param('f(input.review) }\nf(r) { r[k]; k == "uid" }', ["uid template:4:14"], id="compared in a function"),
    pytest.param('walk(input.review, [p, _])\n  p[_] == "uid" }', ["uid template:4:3"], id="a step of a path"),
    pytest.param('walk(input.review, [p, _])\n  p[0] == "uid" }', ["uid template:4:3"], id="the first step"),
    pytest.param('walk(input.review, [["uid"], _]) }', ["uid template:3:3"], id="a path in a pattern"),
    pytest.param('walk(input.review, r)\n  r[0] == ["userInfo", "uid"] }', ["userInfo template:4:3"], id="a whole path"),
    pytest.param('[p, _] := walk(input)\n  p = ["review", "uid"] }', ["uid template:4:3"], id="a path from the input"),
]  # fmt: skip
V1 = [
    pytest.param('some k, _ in input.review\n  k in {"uid", "x"}', ["uid template:5:3"], id="a key among some"),
    pytest.param('"uid" in object.keys(input.review)', ["uid template:4:3"], id="among all keys"),
    pytest.param('"uid", 1 in input.review', ["uid template:4:3"], id="a pair"),
]
NOTHING = [
    pytest.param("input.review.object.operation }", id="a field of the object that is called so"),
    pytest.param("input.parameters.operation }", id="a parameter that is called so"),
    pytest.param("input.review.kind.kind; input.review.name; input.review.namespace }", id="what a listed object has"),
    pytest.param("input.review.namespaceObject.metadata }", id="its Namespace"),
    pytest.param("f({}) }\nf(r) { r.operation }", id="a function that is given something else"),
    pytest.param("f(input.review.object) }\nf(r) { r.operation }", id="a function that is given the object"),
    pytest.param("true }\nf(r) { r.operation }\ng { f(input.review) }", id="a rule that nobody asks"),
    pytest.param('x := "input.review.operation"\n  x }', id="a text"),
    pytest.param("# input.review.operation\n  true }", id="a comment"),
    pytest.param('input.review.operation == 1 with input as {"review": {"operation": 1}} }', id="of another input"),
    pytest.param("input.review.uid == 1 with input.review.uid as 1 }", id="a field that is replaced"),
    pytest.param('f with input as {"review": {}} }\nf { input.review.uid }', id="a rule that has only another input"),
    pytest.param('o := {"a": input.review, "b": {}}\n  o.b.uid }', id="the other one in an object"),
    pytest.param("some k\n  input.review[k] == 1 }", id="a key that varies, which is no field that it asks for"),
    pytest.param("count(input.review) > 3 }", id="the review as a whole"),
    pytest.param("walk(input.review, [p, _])\n  count(p) > 3 }", id="paths of which no step is known"),
    pytest.param('walk(input.review, [p, _])\n  p[1] == "uid" }', id="a step below a field"),
    pytest.param('walk(input.review, [p, _])\n  p == ["object", "uid"] }', id="a path to another field"),
    pytest.param('walk(input.review.object, [p, _])\n  p[_] == "uid" }', id="a path in the object"),
    pytest.param('walk(input, [p, _])\n  p[0] == "uid" }', id="a step from the input"),
    pytest.param('input.review[k]\n  k != "uid" }', id="a key that is left out"),
    pytest.param('input.review[k]\n  not k == "uid" }', id="a key that is left out by a not"),
    pytest.param('input.review.object[k]\n  k == "uid" }', id="a key of the object"),
]


@pytest.mark.parametrize(("body", "found"), ALONE)
def test_rego_that_reads_a_field_of_a_request(body: str, found: list[str]) -> None:
    assert rego(body, "package lib.u\nis(x) { input.review.operation == x }") == found


@pytest.mark.parametrize(("body", "found"), V1)
def test_rego_that_asks_for_a_key_of_the_request(body: str, found: list[str]) -> None:
    head = 'package x\nimport future.keywords.in\nviolation[{"msg": "m"}] {\n  '
    fields = RegoDriver().compile("K", {"rego": f"{head}{body}\n}}\n"}).admission_fields
    assert [
        f"{each.field.removeprefix('input.review.')} {each.location.removeprefix('K/')}" for each in fields
    ] == found


@pytest.mark.parametrize("body", NOTHING)
def test_rego_that_reads_none(body: str) -> None:
    assert rego(body) == []


def test_a_long_policy_takes_time_in_proportion() -> None:
    def seconds(size: int) -> float:
        functions = "\n".join(f"f{n}(r) {{ f{n + 1}(r) }}" for n in range(size)) + f"\nf{size}(r) {{ r.operation }}"
        policy = RegoDriver().compile("K", {"rego": f"{HEAD}f0(input.review) }}\n{functions}"})
        begun = time.process_time()
        assert len(policy.admission_fields) == 1
        return time.process_time() - begun

    assert seconds(400) < 12 * seconds(100) + 0.1


def cel(*expressions: str, **more: Any) -> list[str]:
    source = {"validations": [{"expression": text} for text in expressions], **more}
    fields = CelDriver().compile("K", source).admission_fields
    return [f"{each.field} {each.location.removeprefix('K/')}" for each in fields]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        pytest.param('request.operation == "CREATE"', ["request.operation 1:1"], id="a field of the request"),
        pytest.param("has(request.userInfo.username)", ["request.userInfo 1:5"], id="only asked for"),
        pytest.param('request["dryRun"] == true', ["request.dryRun 1:1"], id="in brackets"),
        pytest.param("object != null ||\n oldObject.spec == 1", ["oldObject 2:2"], id="the old object, in a line of its own"),
        pytest.param("[1].all(x, oldObject == null)", ["oldObject 1:12"], id="in a macro"),
        pytest.param("oldObject == null || request.options == null", ["oldObject 1:1", "request.options 1:22"], id="two"),
        pytest.param("[request].exists(r, r.uid == '')", ["request.uid 1:21"], id="by the name of a macro"),
        pytest.param("[request].map(r, [r])[0][0].uid", ["request.uid 1:14"], id="out of lists"),
        pytest.param("{'a': request}['a'].uid == ''", ["request.uid 1:1"], id="out of a map"),
        pytest.param("(object == null ? request : request).uid == ''", ["request.uid 1:17"], id="a choice"),
        pytest.param("dyn(request).uid == ''", ["request.uid 1:4"], id="without its type"),
        pytest.param("optional.of(request).uid.hasValue()", ["request.uid 1:12"], id="as an optional"),
        pytest.param("request.?uid.orValue('') == ''", ["request.uid 1:1"], id="a field that may be missing"),
        pytest.param("[1].all(oldObject, oldObject == 1)", [], id="a macro's own name"),
        pytest.param("[object].all(request, request.uid == '')", [], id="a macro's name for an object"),
        pytest.param("{'a': object}.a.uid == ''", [], id="a field of what a map holds"),
        pytest.param("object.oldObject == 1", [], id="a field of the object"),
        pytest.param("request.kind.kind == request.name + request.namespace", [], id="what a listed object has"),
        pytest.param('"oldObject" == request.requestKind.kind', [], id="a text, and what is made of the kind"),
        pytest.param("oldObject +", [], id="what cannot be compiled"),
    ],
)  # fmt: skip
def test_cel_that_reads_a_field_of_a_request(expression: str, found: list[str]) -> None:
    wanted = [f"{name} validations[0].expression:{at}" for name, at in (each.rsplit(" ", 1) for each in found)]
    assert cel(expression) == wanted


def test_every_expression_of_a_cel_template_counts() -> None:
    more = {
        "variables": [{"name": "v", "expression": "oldObject"}],
        "matchCondition": [{"name": "c", "expression": "request.operation != ''"}],
    }
    assert cel("true", **more) == [
        "oldObject variables[0].expression:1:1",
        "request.operation matchCondition[0].expression:1:1",
    ]
    more = {"variables": [{"name": "r", "expression": "request"}, {"name": "s", "expression": "[variables.r]"}]}
    assert cel("variables.r.uid == ''", **more) == ["request.uid validations[0].expression:1:1"]
    assert cel("variables.s.all(x, x.uid == '')", **more) == ["request.uid validations[0].expression:1:20"]
    assert cel("variables.s.uid == ''", **more) == []
    source = {"validations": [{"expression": "true", "messageExpression": "string(request.dryRun)"}]}
    (field,) = CelDriver().compile("K", source).admission_fields
    assert field == AdmissionField("request.dryRun", "K/validations[0].messageExpression:1:8")


def test_these_fields_say_nothing_in_the_review_of_a_listed_object() -> None:
    review = document(review_of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}), Engine().point)
    empty = {"group": "", "version": "", "resource": ""}
    assert {name: review.get(name) for name in ADMISSION_ONLY if review.get(name) not in ("", {}, None, empty)} == {}
    assert {"kind", "name", "object", "namespaceObject"} & ADMISSION_ONLY == set()


def test_what_is_said_names_template_fields_and_places() -> None:
    fields = (AdmissionField("oldObject", "K/validations[0].expression:1:1"), AdmissionField("request.uid", "K/x:2:3"))
    said = not_auditable("k", fields)
    assert "k reads" in said
    assert "oldObject (K/validations[0].expression:1:1), request.uid (K/x:2:3)" in said
