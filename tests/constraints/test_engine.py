from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from answering import Answering
from probes import constraint, edited, pod, template

from constraints import Cause, Engine, Gap, Inventory, Kind, Point, PolicyError, Violation
from constraints.drivers import Policy, Program, make_drivers
from constraints.errors import CompileError, ConstraintError, EngineMissing, EvaluationError
from constraints.inventory import EMPTY
from constraints.model import Finding
from constraints.review import review_of
from constraints.rules import Rule
from constraints.timing import Timekeeper, Untimed

Answer = Callable[[Mapping[str, Any], Any], Iterable[Finding]]
PODS = [{"apiGroups": [""], "kinds": ["Pod"]}]


class Canned(Answering):
    """A driver whose policies all give the same answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.canned = answer
        self.inventories: list[Inventory] = []

    def compile(self, kind: str, source: Mapping[str, Any]) -> Policy:
        if "bad" in source.get("rego", ""):
            raise CompileError("it is bad", source=kind)
        return self

    def program(self, parameters: Any) -> Program:
        def answer(review: Mapping[str, Any], inventory: Inventory) -> Iterable[Finding]:
            self.inventories.append(inventory)
            return self.canned(review, parameters)

        return Answering(answer)


def say(*messages: str) -> Answer:
    return lambda review, parameters: [Finding(message) for message in messages]


def failing(error: Exception) -> Answer:
    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        raise error

    return answer


def engine(
    answer: Answer, *constraints: dict[str, Any], point: Point = Point.AUDIT, timekeeper: Timekeeper | None = None
) -> Engine:
    made = Engine(point, {"Rego": Canned(answer)}, timekeeper=timekeeper)
    made.add_template(template())
    for obj in constraints or (constraint(),):
        made.add_constraint(obj)
    return made


def test_a_finding_becomes_a_violation_of_its_constraint() -> None:
    made = engine(
        lambda review, parameters: [Finding(f"no {review['name']}", {"a": 1})], constraint(enforcementAction="warn")
    )
    (found,) = made.review(review_of(pod()))
    assert isinstance(found, Violation)
    assert (found.constraint.key, found.object.name, found.message, found.details) == (
        "Probe/probe",
        "web",
        "no web",
        {"a": 1},
    )
    assert (found.action, found.actions, found.error) == ("warn", (), False)


def test_every_finding_is_a_violation() -> None:
    made = engine(say("x", "x", "y"))
    assert [v.message for v in made.review(review_of(pod()))] == ["x", "x", "y"]


def test_a_scoped_violation_carries_its_actions() -> None:
    scopes = [{"action": action, "enforcementPoints": [{"name": "*"}]} for action in ("warn", "deny")]
    made = engine(say("x"), constraint(enforcementAction="scoped", scopedEnforcementActions=scopes))
    (found,) = made.review(review_of(pod()))
    assert (found.action, found.actions) == ("scoped", ("warn", "deny"))


def test_a_constraint_that_is_not_enforced_here_is_known_but_not_asked() -> None:
    scopes = [{"action": "deny", "enforcementPoints": [{"name": "gator.gatekeeper.sh"}]}]
    made = engine(say("x"), constraint(enforcementAction="scoped", scopedEnforcementActions=scopes))
    assert list(made.review(review_of(pod()))) == []
    assert (list(made.constraints), made.enforced()) == (["Probe/probe"], ())


def test_the_program_of_a_constraint_is_there_to_look_at_and_is_not_compiled_for_that() -> None:
    compiled: list[Any] = []

    class Counting(Answering):
        def program(self, parameters: Any) -> Program:
            compiled.append(parameters)
            return super().program(parameters)

    made = Engine(drivers={"Rego": Counting(reads=frozenset())})
    made.add_template(template())
    scopes = [{"action": "deny", "enforcementPoints": [{"name": "gator.gatekeeper.sh"}]}]
    made.add_constraint(constraint())
    made.add_constraint(constraint("elsewhere", enforcementAction="scoped", scopedEnforcementActions=scopes))
    assert [made.program(key).reads for key in made.constraints] == [frozenset(), frozenset()]
    assert len(compiled) == 2
    assert made.program_without_parameters("Probe").reads == frozenset()
    assert compiled[2:] == [{}]


def test_only_constraints_of_the_kind_are_asked() -> None:
    made = engine(
        say("x"),
        constraint("pods", match={"kinds": PODS}),
        constraint("all"),
        constraint("x", match={"kinds": [{"kinds": ["X"]}]}),
    )
    assert [v.constraint.name for v in made.review(review_of(pod()))] == ["pods", "all"]


def test_a_constraint_that_takes_the_other_kind_too_is_left_out_on_request() -> None:
    made = engine(say("x"), constraint("pods", match={"kinds": PODS}), constraint("all"))
    found = made.review(review_of(pod()), unless=Kind("apps", "v1", "Deployment"))
    assert [v.constraint.name for v in found] == ["pods"]


def test_matching_choosing_and_evaluating_are_the_parts_of_a_review() -> None:
    made = engine(say("x"), constraint("one"), constraint("two"))
    review = review_of(pod())
    assert list(made.evaluate(review, made.askable(made.matching(review)))) == list(made.review(review))


def test_constraints_that_have_used_up_their_time_are_not_asked_and_said_once() -> None:
    made = engine(say("x"), constraint("one"), constraint("two"), timekeeper=Untimed(spent={"Probe/one"}))
    hits = made.matching(review_of(pod()))
    for _ in range(2):
        assert [hit.constraint.name for hit in made.askable(hits) if isinstance(hit, Rule)] == ["two"]
    assert [gap.policy for gap in made.unfinished()] == ["Probe/one"]


def test_the_inventory_reaches_the_policy() -> None:
    driver = Canned(say())
    made = Engine(drivers={"Rego": driver})
    made.add_template(template())
    made.add_constraint(constraint())
    inventory = Inventory.of([pod()])
    list(made.review(review_of(pod()), inventory))
    list(made.review(review_of(pod())))
    assert driver.inventories == [inventory, EMPTY]


def test_a_runtime_error_of_the_policy_is_one_violation_without_details() -> None:
    made = engine(failing(EvaluationError("eval_conflict_error: twice", code="eval_conflict_error")))
    (found,) = made.review(review_of(pod()))
    assert (found.message, found.details, found.error) == ("eval_conflict_error: twice", None, True)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (PolicyError("violation: msg must be a string, it is 5"), "violation: msg must be a string, it is 5"),
    ],
)
def test_any_other_failure_is_a_gap_and_the_other_constraints_go_on(error: Exception, text: str) -> None:
    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        if parameters:
            raise error
        return [Finding("fine")]

    made = Engine(drivers={"Rego": Canned(answer)})
    made.add_template(template(schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True}))
    made.add_constraint(constraint("broken", parameters={"a": 1}))
    made.add_constraint(constraint("whole"))
    gap, violation = made.review(review_of(pod()))
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.reason, gap.policy) == (Cause.EVALUATION, "EvaluationFailed", "Probe/broken")
    assert gap.message == f"constraint Probe/broken could not be evaluated: {text}, for v1/Pod shop/web"
    assert (gap.kind, gap.object) == (Kind("", "v1", "Pod"), review_of(pod()).ref)
    assert violation.message == "fine"


@pytest.mark.parametrize("error", [EvaluationError("eval_conflict_error: twice"), ZeroDivisionError()])
def test_what_fails_for_an_object_keeps_nothing_of_it(error: Exception) -> None:
    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        raise type(error)(str(error)) from RecursionError()

    made, review = engine(answer), review_of(pod())
    made.review(review)
    gc.collect()
    gc.disable()  # as in a run
    try:
        for _ in range(10):
            made.review(review)
        assert gc.collect() == 0
    finally:
        gc.enable()


class Strange(Canned):
    """A driver that fails as no driver should: while it compiles, or for constraints with parameters."""

    def compile(self, kind: str, source: Mapping[str, Any]) -> Policy:
        if "strange" in source.get("rego", ""):
            raise OverflowError("int too large to convert to float")
        return self

    def program(self, parameters: Any) -> Program:
        if parameters:
            raise KeyError("a")
        return super().program(parameters)

    @property
    def admission_fields(self) -> Any:
        raise ValueError("too many digits")


def test_any_failure_to_compile_a_template_is_an_error_of_that_template() -> None:
    made = Engine(drivers={"Rego": Strange(say("x"))})
    with pytest.raises(
        CompileError, match=r"^could not be compiled: OverflowError: int too large to convert to float$"
    ):
        made.add_template(template(rego="strange"))
    assert made.templates == {}


def test_any_failure_to_compile_a_constraint_is_an_error_of_that_constraint() -> None:
    made = Engine(drivers={"Rego": Strange(say("x"))})
    made.add_template(template(schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True}))
    with pytest.raises(CompileError, match=r"^Probe/broken: could not be compiled: KeyError: 'a'$"):
        made.add_constraint(constraint("broken", parameters={"a": 1}))
    made.add_constraint(constraint("whole"))
    assert [one.constraint.name for one in made.review(review_of(pod()))] == ["whole"]


def test_any_failure_to_tell_what_no_audit_has_tells_nothing() -> None:
    made = Engine(drivers={"Rego": Strange(say("x"))})
    made.add_template(template())
    assert made.admission_fields("Probe") == ()


UNDECIDED = constraint(match={"namespaceSelector": {"matchLabels": {"a": "b"}}})


def test_an_unknown_namespace_is_a_gap_for_the_audit() -> None:
    (gap,) = engine(say("x"), UNDECIDED).review(review_of(pod(), lost="no right to get it"))
    assert gap == Gap(
        Cause.NAMESPACE,
        "NamespaceUnknown",
        "constraint Probe/probe: Namespace shop is not known, and its spec.match reads it: no right to get it",
        policy="Probe/probe",
        namespace="shop",
    )


def test_who_reads_an_inventory_that_is_not_whole_is_not_asked() -> None:
    made = Engine(drivers={"Rego": Canned(say("asked"))})
    reading, other = template(), edited(template(), "metadata", {"name": "other"})
    other["spec"]["crd"]["spec"]["names"]["kind"] = "Other"
    reading["spec"]["targets"][0]["rego"] += "\nother { data.inventory }"
    for obj in (reading, other, constraint()):
        made.add_template(obj) if obj["kind"] == "ConstraintTemplate" else made.add_constraint(obj)
    made.add_constraint({**constraint(), "kind": "Other"})
    assert len(list(made.review(review_of(pod()), Inventory()))) == 2
    assert [found.constraint.kind for found in made.review(review_of(pod()), Inventory(partial=True))] == ["Other"]


def reading(*reads: tuple[str, ...]) -> Engine:
    """An engine with one constraint, whose program says what it reads."""
    made = Engine(drivers={"Rego": Answering(lambda review, inventory: [Finding("asked")], frozenset(reads))})
    made.add_template(template())
    made.add_constraint(constraint())
    return made


@pytest.mark.parametrize(
    ("reads", "depends"),
    [
        ([("object", "spec")], False),
        ([("namespace",), ("object",)], False),
        ([("object",), ("namespaceObject", "metadata", "labels")], True),
        ([("namespaceObject",)], True),
        ([()], True),
        ([("*", "metadata")], True),
        ([], False),
    ],
)
def test_only_who_reads_the_namespace_needs_it(reads: list[tuple[str, ...]], depends: bool) -> None:
    made = reading(*reads)
    assert made.reads_namespace(Kind("", "v1", "Pod")) is depends
    (found,) = made.review(review_of(pod(), lost="no right to get it"))
    assert isinstance(found, Gap) is depends
    assert isinstance(made.review(review_of(pod()))[0], Violation)


@pytest.mark.parametrize(
    ("code", "depends"),
    [
        ({"engine": "Rego", "source": {"rego": "input.review.namespaceObject.metadata.labels.a"}}, True),
        ({"engine": "Rego", "source": {"rego": "input.review.namespace"}}, False),
        ({"engine": "Rego", "source": {"rego": "json.marshal(input.review)"}}, True),
        ({"engine": "Rego", "source": {"rego": "input.review[_].metadata.labels.a"}}, True),
        ({"engine": "K8sNativeValidation", "source": {"rego": "has(namespaceObject.metadata)"}}, True),
        ({"engine": "K8sNativeValidation", "source": {"rego": "request.namespace == 'a'"}}, False),
        ({"engine": "K8sNativeValidation", "source": {"rego": "variables.anyObject.a == object.a"}}, False),
    ],
    ids=lambda value: str(value),
)
def test_the_real_engines_tell_whether_they_read_the_namespace(code: dict[str, Any], depends: bool) -> None:
    text = code["source"]["rego"]
    rego = f'package x\nviolation[{{"msg": "m"}}] {{ x := {text}; x == x }}'
    source = {"rego": rego} if code["engine"] == "Rego" else {"validations": [{"expression": text}]}
    made = Engine(drivers=dict(reversed(make_drivers().items())))
    obj = template()
    obj["spec"]["targets"][0] = {**obj["spec"]["targets"][0], "code": [{"engine": code["engine"], "source": source}]}
    obj["spec"]["targets"][0].pop("rego", None)
    made.add_template(obj)
    made.add_constraint(constraint())
    assert made.reads_namespace(Kind("", "v1", "Pod")) is depends


@pytest.mark.parametrize(
    ("reads", "only"),
    [
        ([], True),
        ([("kind", "kind"), ("namespaceObject",)], True),
        ([("object", "metadata", "labels", "a"), ("object", "kind")], True),
        ([("object", "metadata")], True),
        ([("object", "metadata"), ("object", "data", "x")], False),
        ([("object",)], False),
        ([("object", "*")], False),
        ([("*", "metadata")], False),
        ([()], False),
    ],
)
def test_an_engine_knows_for_which_kinds_metadata_is_enough(reads: list[tuple[str, ...]], only: bool) -> None:
    made = reading(*reads)
    assert made.reads_metadata_only(Kind("", "v1", "Pod")) is only


def test_metadata_is_enough_where_no_constraint_asks() -> None:
    assert Engine().reads_metadata_only(Kind("", "v1", "Secret"))


def test_an_unknown_namespace_is_a_violation_for_gator() -> None:
    (found,) = engine(say("x"), UNDECIDED, point=Point.GATOR).review(review_of(pod()))
    assert (found.details, found.error) == (None, True)
    assert found.message == (
        "unable to match constraints: error matching the requested object: web :failed to run Match criteria: "
        "namespace selector for namespace-scoped object but missing Namespace"
    )


def test_an_object_in_an_empty_namespace_is_taken_for_namespaced() -> None:
    cluster_scoped = constraint(match={"scope": "Cluster"})
    asked = engine(say("x"), cluster_scoped)
    assert len(list(asked.review(review_of(pod(namespace=""))))) == 1
    assert len(list(asked.review(review_of(pod(namespace=""), {})))) == 0


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": []}, {"kind": 5, "metadata": {"name": {}, "namespace": 1, "labels": []}}]
)
@pytest.mark.parametrize("point", Point)
def test_an_object_of_any_shape_is_reviewed(obj: Any, point: Point) -> None:
    made = engine(say("x"), constraint("all"), UNDECIDED, point=point)
    assert "x" in [outcome.message for outcome in made.review(review_of(obj))]


def test_a_template_takes_its_constraints_along() -> None:
    made = engine(say("x"))
    made.remove_template("Probe")
    assert (dict(made.templates), dict(made.constraints), list(made.review(review_of(pod())))) == ({}, {}, [])
    made.remove_template("Probe")
    made.remove_constraint("Probe/probe")


def test_a_replaced_template_drops_its_constraints() -> None:
    made = engine(say("x"))
    made.add_template(template())
    assert (list(made.templates), list(made.constraints)) == (["Probe"], [])


def test_a_bad_template_leaves_the_one_before_in_place() -> None:
    made = engine(say("x"))
    with pytest.raises(CompileError, match="it is bad"):
        made.add_template(template("package bad"))
    assert [v.message for v in made.review(review_of(pod()))] == ["x"]


def test_a_bad_constraint_is_named_and_leaves_the_one_before_in_place() -> None:
    made = engine(say("x"))
    with pytest.raises(ConstraintError) as caught:
        made.add_constraint(constraint(bogus=1))
    assert str(caught.value) == "Probe/probe: invalid Constraint: unknown fields: [spec.bogus]"
    assert len(list(made.review(review_of(pod())))) == 1


def test_a_constraint_of_a_missing_template_is_refused() -> None:
    with pytest.raises(ConstraintError) as caught:
        engine(say()).add_constraint(constraint(kind="Other"))
    assert str(caught.value) == 'Other/probe: missing ConstraintTemplate: no template defines kind "Other"'


def test_a_constraint_with_an_invalid_selector_is_refused() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "Like"}]}
    with pytest.raises(ConstraintError, match=r"Probe/probe: .*Like"):
        engine(say()).add_constraint(constraint(match={"labelSelector": selector}))


def test_a_template_for_other_engines_is_refused() -> None:
    code = [{"engine": "Starlark", "source": {}}, {"engine": "Wasm", "source": {}}]
    obj = edited(template(), "spec.targets.0", {"target": "admission.k8s.gatekeeper.sh", "code": code})
    with pytest.raises(EngineMissing) as caught:
        engine(say()).add_template(obj)
    assert (
        str(caught.value)
        == 'ConstraintTemplate "probe": no engine for its code ["Starlark","Wasm"]; engines here: Rego'
    )


def test_the_first_code_whose_engine_is_here_is_used() -> None:
    code = [{"engine": "Starlark", "source": {}}, {"engine": "Rego", "source": {"rego": "package a"}}]
    obj = edited(template(), "spec.targets.0", {"target": "admission.k8s.gatekeeper.sh", "code": code})
    made = engine(say("x"))
    assert made.add_template(obj).kind == "Probe"
