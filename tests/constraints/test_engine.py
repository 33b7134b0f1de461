"""Templates and constraints that come and go, and the parts of a review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from answering import Answering
from canned import Canned, engine, say
from probes import constraint, edited, pod, template

from constraints import Engine, Inventory, Kind
from constraints.drivers import Policy, Program
from constraints.errors import CompileError, ConstraintError, EngineMissing
from constraints.model import Finding
from constraints.review import review_of
from constraints.rules import Rule
from constraints.timing import Untimed

PODS = [{"apiGroups": [""], "kinds": ["Pod"]}]


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


def test_what_several_objects_are_asked_together_is_what_each_one_is_asked_alone() -> None:
    def answer(review: Mapping[str, Any], parameters: Any) -> list[Finding]:
        return [Finding(f"{parameters['say']} {review['name']}")] if review["name"] != "fine" else []

    schema = {"type": "object", "properties": {"say": {"type": "string"}}}
    made = Engine(drivers={"Rego": Canned(answer)})
    made.add_template(template(schema=schema))
    for name in ("one", "two"):
        made.add_constraint(constraint(name, parameters={"say": name}))
    reviews = [review_of(pod(name)) for name in ("web", "fine", "db")]
    hits = made.matching(reviews[0])
    heard = made.evaluate_all(reviews, hits)
    assert [each.answers for each in heard] == [made.evaluate(review, hits) for review in reviews]
    assert [[one.message for one in each.answers] for each in heard] == [
        ["one web", "two web"],
        [],
        ["one db", "two db"],
    ]
    assert all(each.hits is hits for each in heard)


def test_a_constraint_that_uses_up_its_time_is_not_asked_about_the_next_of_several_objects() -> None:
    timekeeper = Untimed(spent=(spent := set[str]()))

    def answer(review: Mapping[str, Any], parameters: Any) -> list[Finding]:
        if review["name"] == "slow":
            spent.add("Probe/one")
        return [Finding("asked")]

    made = engine(answer, constraint("one"), constraint("two"), timekeeper=timekeeper)
    reviews = [review_of(pod(name)) for name in ("web", "slow", "db")]
    heard = made.evaluate_all(reviews, made.matching(reviews[0]))
    asked = [[hit.constraint.name for hit in each.hits if isinstance(hit, Rule)] for each in heard]
    assert asked == [["one", "two"], ["one", "two"], ["two"]]
    assert [[one.constraint.name for one in each.answers] for each in heard] == asked
    assert [gap.policy for gap in made.unfinished()] == ["Probe/one"]


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
