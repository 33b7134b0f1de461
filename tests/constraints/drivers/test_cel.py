from __future__ import annotations

import traceback
from typing import Any

import pytest

from audit.hooks.engines import EngineOptions, engines
from constraints import Engine, Point, Violation
from constraints.drivers.cel import CelDriver
from constraints.drivers.celpolicy import CelProgram
from constraints.errors import CompileError
from constraints.inventory import EMPTY
from constraints.review import review_of, review_of_request

NUMBERS = {"n": 5, "big": 5e6, "half": 0.5, "huge": 1e20}  # as gator reads them
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "spec": {**NUMBERS, "s": "x"}}
REVIEW = {"object": POD, "oldObject": None, "operation": "", "namespaceObject": {}}


def source(*expressions: str, **more: Any) -> dict[str, Any]:
    return {"validations": [{"expression": text} for text in expressions], **more}


def said(code: dict[str, Any], parameters: Any = None, **review: Any) -> list[str]:
    program = CelDriver().compile("Probe", code).program(parameters)
    return [finding.message for finding in program({**REVIEW, **review}, EMPTY)]


def message(**validation: str) -> list[str]:
    return said({"validations": [{"expression": " false ", **validation}]})


@pytest.mark.parametrize(
    ("validation", "text"),
    [
        pytest.param({}, "failed expression: false", id="without a message the expression is shown"),
        pytest.param({"message": " m \n"}, "m", id="a message is trimmed"),
        pytest.param({"message": "a\nb"}, "a\nb", id="a plain message may have lines"),
        pytest.param({"message": "m", "messageExpression": "' ' + object.metadata.name + ' '"}, "p", id="an expression counts more"),
        pytest.param({"message": "m", "messageExpression": "object.metadata.name"}, "m", id="unless it is not surely a text"),
        pytest.param({"message": "m", "messageExpression": "object.nope + ''"}, "m", id="unless it fails"),
        pytest.param({"message": "m", "messageExpression": "' '"}, "m", id="unless it is blank"),
        pytest.param({"message": "m", "messageExpression": "'a\\nb'"}, "m", id="unless it has two lines"),
        pytest.param({"messageExpression": "lists.range(6000).map(x, 'a').join()"}, "failed expression: false", id="unless it is longer than 5 KiB"),
        pytest.param({"message": "m", "messageExpression": "1 +"}, "m", id="unless it does not compile"),
    ],
)  # fmt: skip
def test_the_message_of_a_violation(validation: dict[str, str], text: str) -> None:
    assert message(**validation) == [text]


def test_each_validation_that_fails_is_a_violation_of_its_own() -> None:
    assert said(source("false", "true", "false")) == ["failed expression: false"] * 2


ERROR = "expression 'object.nope == 1' resulted in error: no such key: nope"
BROKEN = "compilation error: must evaluate to bool but got dyn"


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        pytest.param(source("object.nope == 1"), [ERROR], id="an error is a violation"),
        pytest.param(source("object.nope == 1", "false", failurePolicy="Ignore"), ["failed expression: false"], id="unless errors are ignored"),
        pytest.param(source("object.spec.s"), [BROKEN], id="an expression that may be no truth value is broken"),
        pytest.param(source("object.spec.s", failurePolicy="Ignore"), [], id="and ignored, too"),
        pytest.param(source("request.foo == 1"), ["compilation error: compilation failed: ERROR: <input>:1:8: undefined field 'foo'\n | request.foo == 1\n | .......^"], id="a request has known fields only"),
        pytest.param(source("int('x') == 1"), ["compilation error: program instantiation failed: type conversion error from 'string' to 'int'"], id="a constant that fails"),
        pytest.param(source("params.a"), ["compilation error: compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.a\n | ^"], id="parameters are a variable"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated(code: dict[str, Any], texts: list[str]) -> None:
    assert said(code) == texts


def conditions(*expressions: str) -> dict[str, Any]:
    return source(
        "false", matchCondition=[{"name": f"c{at}", "expression": text} for at, text in enumerate(expressions)]
    )


@pytest.mark.parametrize(
    ("expressions", "texts"),
    [
        pytest.param(["true", "variables.params.a"], ["failed expression: false"], id="all hold"),
        pytest.param(["false"], [], id="one does not hold"),
        pytest.param(["object.nope == 1", "false"], [], id="one does not hold and another fails"),
        pytest.param(["object.nope == 1"], [ERROR], id="one fails"),
        pytest.param(["object.nope == 1", "1"], [f"[{ERROR}, compilation error: must evaluate to bool but got int]"], id="two fail"),
    ],
)  # fmt: skip
def test_conditions_come_first(expressions: list[str], texts: list[str]) -> None:
    code = conditions(*(text.replace("variables.params.a", "has(variables.params.a)") for text in expressions))
    assert said(code, {"a": 1}) == texts
    assert said({**code, "failurePolicy": "Ignore"}, {"a": 1}) == [text for text in texts if text.startswith("failed")]


CONSTRAINT = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Probe", "metadata": {"name": "c"}, "spec": {"parameters": {"n": 5}}}  # fmt: skip


def template(expression: str) -> dict[str, Any]:
    """A template that holds an object to one expression."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    code = [{"engine": "K8sNativeValidation", "source": source(expression)}]
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "probe"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Probe"}, "validation": {"openAPIV3Schema": schema}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": code}],
        },
    }


@pytest.mark.parametrize(
    "expression",
    [
        "object.metadata.name == 'p' && variables.anyObject == object && oldObject == null",
        "namespaceObject == null && has(request.operation) && request.operation == ''",
        "type(object.spec.big) == int && object.spec.big + 1 == 5000001",
        "type(object.spec.half) == double && type(object.spec.huge) == double",
        "type(object.spec.n) == int && type(variables.params.n) == double && variables.params.n == 5",
        "request.kind.kind == 'Pod' && request.requestKind.kind == 'Pod' && request.name == 'p' && !request.dryRun",
        "!has(request.userInfo.username) && request.resource.group == ''",
    ],
)
def test_what_a_policy_sees(expression: str) -> None:
    engine = Engine(Point.GATOR)
    engine.add_template(template(expression))
    engine.add_constraint(CONSTRAINT)
    assert list(engine.review(review_of(POD))) == []


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        pytest.param(Engine(Point.GATOR), "double", id="as gator test reads them"),
        pytest.param(Engine(Point.GATOR, exact=True), "int", id="as gator verify reads them"),
        pytest.param(Engine(Point.AUDIT), "int", id="as a cluster gives them"),
    ],
)
def test_parameters_have_integers_where_gatekeeper_s_have(engine: Engine, kind: str) -> None:
    engine.add_template(template(f"type(variables.params.n) == {kind}"))
    engine.add_constraint(CONSTRAINT)
    assert list(engine.review(review_of(POD))) == []


def test_an_object_that_goes_away_is_null() -> None:
    review = review_of_request({"operation": "DELETE", "oldObject": POD, "kind": {"kind": "Pod", "version": "v1"}})
    engine = Engine(Point.AUDIT)
    engine.add_template(template("object == null && oldObject == variables.anyObject"))
    engine.add_constraint(CONSTRAINT)
    assert list(engine.review(review)) == []


def test_when_an_object_goes_away_it_is_the_old_one() -> None:
    review = review_of_request({"operation": "DELETE", "oldObject": POD, "kind": {"kind": "Pod", "version": "v1"}})
    assert review.object == POD
    assert said(source("variables.anyObject.metadata.name == 'p'"), object=None, oldObject=POD) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ({"failurePolicy": "Foo"}, 'failurePolicy is none of Fail, Ignore: "Foo"'),
        ({"failurePolicy": ""}, 'failurePolicy is none of Fail, Ignore: ""'),
        ({"variables": [{"name": "params", "expression": "1"}]}, 'variables[0].name is reserved: "params"'),
        ({"variables": [{"name": "gatekeeper_internal_x", "expression": "1"}]}, "is reserved"),
        ({"matchCondition": [{"name": "gatekeeper_internal_x", "expression": "1"}]}, "is reserved"),
        ({"validations": [{"expression": 1}]}, "validations[0].expression must be a string, it is: 1"),
    ],
)
def test_a_source_of_the_wrong_shape_is_refused(code: dict[str, Any], text: str) -> None:
    with pytest.raises(CompileError) as caught:
        CelDriver().compile("Probe", code)
    assert text in str(caught.value)


def test_the_default_failure_policy_is_for_templates_that_name_none() -> None:
    driver = engines(EngineOptions(failure_policy="Ignore"))["K8sNativeValidation"]
    assert list(driver.compile("Probe", source("object.nope == 1")).program({})(REVIEW, EMPTY)) == []
    strict = driver.compile("Probe", source("object.nope == 1", failurePolicy="Fail"))
    assert [finding.error for finding in strict.program({})(REVIEW, EMPTY)] == [True]


BOTH = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "probe"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "Probe"}}},
        "targets": [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "code": [
                    {"engine": "Rego", "source": {"rego": 'package p\nviolation[{"msg": "by rego"}] { true }'}},
                    {"engine": "K8sNativeValidation", "source": source("false")},
                ],
            }
        ],
    },
}


@pytest.mark.parametrize(("native", "text"), [(True, "failed expression: false"), (False, "by rego")])
def test_a_template_with_both_is_answered_by_cel_unless_that_is_off(native: bool, text: str) -> None:
    engine = Engine(drivers=engines(EngineOptions(native_validation=native)))
    engine.add_template(BOTH)
    engine.add_constraint(
        {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Probe", "metadata": {"name": "c"}}
    )
    (found,) = engine.review(review_of(POD))
    assert isinstance(found, Violation)
    assert found.message == text


def test_generated_code_points_at_the_policy_and_knows_no_builtins() -> None:
    program = CelDriver().compile("Probe", source("\n  object.spec.n.size() == 1 ")).program({})
    assert isinstance(program, CelProgram)
    (condition,) = (validation.condition for validation in program._policy.questions.validations)
    assert condition.code
    function = program._code[condition.code.function]
    assert function.__globals__["__builtins__"] == {}
    with pytest.raises(Exception, match="no such overload: size") as caught:
        function([0, POD, *program._slots[2:]])
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [(frame.filename, frame.lineno) for frame in frames][1] == ("Probe", 2)


def test_a_condition_needs_no_name() -> None:
    assert said(source("false", matchCondition=[{"expression": "false"}])) == []
    assert said(source("false", matchCondition=[{"expression": "true"}])) == ["failed expression: false"]


PANIC = "internal error: interface conversion: *types.Err is not traits.Lister: missing method Add"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("object.nope.distinct().size() > 0", id="a list that fails"),
        pytest.param("object.nope.distinct().size() > 0 || true", id="which true does not hide"),
        pytest.param("[1, 2].all(x, object.nope.distinct().size() == x || false) || true", id="nor a macro"),
        pytest.param("[1, 2].map(x, x / 0).sort().size() > 0 || true", id="of one type"),
        pytest.param("['a'].sortBy(x, 1 / 0).size() > 0 || true", id="or its keys"),
        pytest.param("variables.params.nope.distinct().size() > 0 || true", id="or of parameters"),
    ],
)
def test_gatekeeper_panics_where_it_charges_for_a_list_that_there_is_not(text: str) -> None:
    assert said(source(text, text)) == [f"expression '{text}' resulted in error: {PANIC}"] * 2
    loops = f"lists.range(400).all(x, lists.range(400).all(y, x != y || x == y)) && ({text})"
    assert said(source(loops)) == [
        "validation failed due to running out of cost budget, no further validation rules will be run"
    ]


def test_a_panic_in_a_variable_is_a_failure_of_it() -> None:
    variables = [{"name": "v", "expression": "object.nope.distinct()"}]
    expression = "variables.v.size() > 0"
    what = f'composited variable "v" fails to evaluate: {PANIC}'
    assert said(source(expression, f"{expression} || true", variables=variables)) == [
        f"expression '{expression}' resulted in error: {what}"
    ]
