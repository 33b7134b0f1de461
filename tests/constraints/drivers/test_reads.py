"""`Program.reads`: what an answer may depend on. Nothing else in a review may change it, whatever the policy does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from beside import BENCH, LIBRARY
from readings import Passing, Selecting, anything, projected, said
from regodriver import DRIVER

from constraints import Engine
from constraints.drivers import DriverOptions, Program, make_drivers
from constraints.drivers.cel import CelDriver
from constraints.errors import ConstraintError, PolicyError
from constraints.model import REGO, Point
from constraints.review import document, review_of
from constraints.rules import program_reads_managed_fields

SEEDS = 120
CEL = CelDriver("Fail")


def of_rego(rego: str, **parameters: Any) -> Program:
    return DRIVER.compile("Probe", {"rego": f"package probe\n{rego}"}).program(parameters)


def of_cel(*expressions: str, **variables: str) -> Program:
    source = {
        "variables": [{"name": name, "expression": text} for name, text in variables.items()],
        "validations": [{"expression": text, "messageExpression": "'m'"} for text in expressions],
    }
    return CEL.compile("Probe", source).program({"key": "managedFields"})


# Rego


@pytest.mark.parametrize(
    ("rules", "places"),
    [
        pytest.param(
            'f(o) { o.spec.x == 1 }\nviolation[{"msg": "m"}] { f(input.review.object) }',
            {("object", "spec", "x")},
            id="what a function reads of its argument",
        ),
        pytest.param(
            'f(o) { g(o.spec) }\ng(s) { s.y[_] == 1 }\nviolation[{"msg": "m"}] { f(input.review.object) }',
            {("object", "spec", "y", "*")},
            id="through functions that call each other",
        ),
        pytest.param(
            'has(o, f) { o[f] }\nviolation[{"msg": "m"}] { has(input.review.object, "spec") }',
            {("object", "spec")},
            id="a key that is known at the call",
        ),
        pytest.param(
            'f(o) { o.x == 1 }\nviolation[{"msg": "m"}] { f(input.review.object.a); f(input.review.object.b) }',
            {("object", "a", "x"), ("object", "b", "x")},
            id="all that is given for an argument",
        ),
        pytest.param(
            'all(arg) = out { out := arg.parameters.x }\nviolation[{"msg": "m"}] { all(input) == 1 }',
            set(),
            id="parameters of a document that is given whole",
        ),
        pytest.param(
            'f(arg) { arg.review.object.spec.x == 1 }\nviolation[{"msg": "m"}] { f(input) }',
            {("object", "spec", "x")},
            id="the review in a document that is given whole",
        ),
        pytest.param(
            'violation[{"msg": "m"}] { object.get(object.get(input.review.object, "spec", {}), "x", 0) == 1 }',
            {("object", "spec", "x")},
            id="a value that may be a default",
        ),
        pytest.param(
            'violation[{"msg": "m"}] { object.get(input, ["review", "object", "spec", "x"], 0) == 1 }',
            {("object", "spec", "x")},
            id="a path of keys",
        ),
    ],
)
def test_what_rego_reads_of_the_review(rules: str, places: set[Any]) -> None:
    assert of_rego(rules).reads == places


@pytest.mark.parametrize(
    "body",
    [
        "walk(input.review, [p, v]); v == 1",
        'msg := sprintf("%v", [input.review.object.metadata])',
        "json.marshal(input.review.object) == x",
        "f(input.review.object.metadata) == 1",
        "g(input.review)",
        "h(input)",
        "input.review.object.metadata[k] == 1",
        "input.review.object.metadata[input.review.object.kind] == 1",
        "input.review.object == data.inventory.x",
        "input.review.object.metadata == {}",
        "count(input.review.object.metadata) > 3",
        "{k | input.review.object.metadata[k]} == {1}",
        "object.keys(input.review.object.metadata) == {1}",
        "o := input.review.object; o.metadata.managedFields",
        "every m in input.review.object.metadata { m }",
        "some i, v in input.review.object.metadata; v == 1",
        "input[_].object.metadata.managedFields",
        'object.get(input.review.object, ["metadata", "managedFields"], []) == []',
        'object.get(input.review.object, ["metadata", input.review.key], []) == []',
        'object.get(input.review.object, "metadata", {}).managedFields',
        'object.get(input.review, [], {}) == {"a": 1}',
        "objects[o]; o.metadata.managedFields",
        "input.review.object.metadata[input.parameters.key]",
        'json.filter(input.review.object, ["metadata/managedFields"]) == {}',
        "f(other) == 1",
    ],
)
def test_rego_that_could_see_managed_fields_says_so(body: str) -> None:
    rules = f"""import future.keywords
f(m) = 1 {{ m.managedFields }}
g(r) {{ f(r.object.metadata) == 1 }}
h(all) {{ some key; g(all[key]) }}
objects[o] {{ o := input.review.object }}
other = m {{ m := input.review.object.metadata }}
violation[{{"msg": "m"}}] {{ x := input.review.x; {body} }}
"""
    assert program_reads_managed_fields(of_rego(rules, key="managedFields"))


def test_a_policy_that_replaces_its_input_anywhere_may_read_everything() -> None:
    rules = 'violation[{"msg": "m"}] { input.review.object.x }\nunused { violation[_] with input as {} }'
    assert of_rego(rules).reads == {()}


def test_a_policy_that_gives_its_functions_too_much_to_follow_may_read_everything() -> None:
    rows = [f"f{at}(o) {{ f{at + 1}(o.a) }}\nf{at}(o) {{ f{at + 1}(o.b) }}" for at in range(14)]
    rules = "\n".join([*rows, "f14(o) { o.x == 1 }", 'violation[{"msg": "m"}] { f0(input.review.object.spec) }'])
    assert of_rego(rules).reads == {()}


def test_nothing_but_what_random_rego_reads_changes_its_answer() -> None:
    compared = 0
    for seed in range(SEEDS):
        chance = Random(seed)
        text = Passing(chance).module()
        try:
            program = DRIVER.compile("Probe", {"rego": text}).program({"a": {"b": 1}})
        except PolicyError:
            continue  # it does not fit together
        for _ in range(5):
            review = {key: anything(chance) for key in "abc"}
            assert said(program, projected(review, program.reads)) == said(program, review), text
            compared += () not in program.reads
    assert compared > SEEDS


# CEL


@pytest.mark.parametrize(
    ("program", "places"),
    [
        pytest.param(of_cel("object.spec.x == 1"), {("object", "spec", "x")}, id="a path"),
        pytest.param(of_cel('object["spec"]["x"] == 1'), {("object", "spec", "x")}, id="in brackets"),
        pytest.param(of_cel("has(object.metadata)"), {("object", "metadata", "?")}, id="whether it is there"),
        pytest.param(of_cel("object.metadata != null"), {("object", "metadata", "?")}, id="whether it is null"),
        pytest.param(of_cel("variables.s.x == 1", s="object.spec"), {("object", "spec", "x")}, id="by a variable"),
        pytest.param(
            of_cel("(has(object.a) ? object.a : dyn(object.b)).x == 1"),
            {("object", "a", "?"), ("object", "a", "x"), ("object", "b", "x")},
            id="either side of a choice",
        ),
        pytest.param(
            of_cel("object.?metadata.?labels.orValue({}).size() == 0"),
            {("object", "metadata", "labels")},
            id="optional",
        ),
        pytest.param(
            of_cel("object.?spec.optMap(s, s.x).orValue(1) == 1"),
            {("object", "spec", "x"), ("object", "spec", "?")},
            id="in an optional",
        ),
        pytest.param(
            of_cel("object.spec.l.all(object, object.x == 1)"), {("object", "spec", "l")}, id="a name that is hidden"
        ),
        pytest.param(of_cel("true", unused="object"), set(), id="a variable that is not used"),
    ],
)
def test_what_cel_reads_of_the_object(program: Program, places: set[Any]) -> None:
    assert program.reads == places | ({("operation",)} if places else set())


@pytest.mark.parametrize(
    "text",
    [
        "object.metadata.managedFields.size() == 0",
        "has(object.metadata.managedFields)",
        '"managedFields" in object.metadata',
        "object.metadata.size() == 3",
        "object.metadata[variables.params.key] == []",
        "object.metadata.all(k, k != 'managedFields')",
        "object.metadata.transformMap(k, v, v).size() == 3",
        "object == oldObject",
        "[object].exists(o, o.metadata.managedFields == [])",
        '{"a": object}.a.metadata.managedFields == []',
        "dyn(object).metadata.managedFields == []",
        "variables.anyObject.metadata.managedFields == []",
        "variables.m.managedFields == []",
        "variables.both.metadata.?managedFields.hasValue()",
        'object[?"metadata"][?"managedFields"].hasValue()',
        "object.?metadata.optMap(m, m.managedFields).hasValue()",
        "object.metadata.?managedFields.optMap(m, 1).hasValue()",
        "dyn(request).object.metadata.managedFields == []",
        "dyn(request) == dyn(object)",
        "object.metadata == dyn({})",
        "variables.keys.size() == 3",
    ],
)
def test_cel_that_could_see_managed_fields_says_so(text: str) -> None:
    variables = {
        "m": "object.metadata",
        "both": "has(object.spec) ? object : oldObject",
        "keys": "object.metadata.map(k, k)",
    }
    program = of_cel(text, **variables)
    assert program_reads_managed_fields(program)


def test_of_a_value_that_may_be_at_too_many_places_all_is_read() -> None:
    variables = {f"v{at}": f"object.x ? variables.v{at - 1}.a : variables.v{at - 1}.b{at}" for at in range(1, 9)}
    assert ("object",) in of_cel("variables.v8.c == 1", v0="object.spec", **variables).reads


def test_nothing_but_what_random_cel_reads_changes_its_answer() -> None:
    compared = 0
    for seed in range(SEEDS):
        chance = Random(seed)
        source = Selecting(chance).source()
        program = CEL.compile("Probe", source).program(None)
        for _ in range(5):
            old = chance.choice((None, {key: anything(chance) for key in "abc"}))
            review = {"object": {key: anything(chance) for key in "abcd"}, "oldObject": old, "operation": ""}
            assert said(program, projected(review, program.reads)) == said(program, review), source
            compared += ("object",) not in program.reads
    assert compared > SEEDS


# the library


def objects(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.yaml")):
        yield from (obj for obj in yaml.safe_load_all(path.read_text()) if isinstance(obj, dict))


def is_constraint(obj: dict[str, Any]) -> bool:
    return str(obj.get("apiVersion")).startswith("constraints.gatekeeper.sh/")


def loaded(folder: Path, engine: Engine) -> Engine:
    """The engine with a folder's templates and constraints."""
    found = list(objects(folder))
    for obj in found:
        if obj.get("kind") == "ConstraintTemplate":
            engine.add_template(obj)
    for obj in filter(is_constraint, found):
        try:
            engine.add_constraint(obj)
        except ConstraintError:
            continue  # the library has some that are wrong on purpose
    return engine


def policies() -> list[Any]:
    return [path.parent for path in sorted(LIBRARY.glob("*/*/template.yaml"))] + [BENCH / "policies"]


@pytest.mark.beside(LIBRARY)
@pytest.mark.beside(BENCH)
@pytest.mark.parametrize("engines", [(), (REGO,)], ids=["as they come", "Rego"])
@pytest.mark.parametrize("folder", policies(), ids=lambda folder: str(folder.name))
def test_no_library_policy_reads_managed_fields_or_more_than_it_says(folder: Path, engines: tuple[str, ...]) -> None:
    drivers = make_drivers(DriverOptions())
    engine = loaded(folder, Engine(Point.AUDIT, {name: drivers[name] for name in engines or drivers}))
    programs = [engine.program(key) for key in engine.constraints]
    assert not any(map(program_reads_managed_fields, programs))
    for obj in objects(folder):
        for program in programs if not is_constraint(obj) else ():
            review = document(review_of(obj), Point.AUDIT)
            assert said(program, projected(review, program.reads)) == said(program, review)
