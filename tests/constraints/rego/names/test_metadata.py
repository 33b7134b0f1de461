"""Annotations and the builtins that give them back; the answers are those of gator 3.23 with OPA 1.17.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.errors import CompileError
from constraints.inventory import EMPTY
from constraints.rego import compile_modules
from constraints.rego.builtins import Capabilities
from constraints.rego.policy import Settings

CHAIN = 'violation[{"msg": msg}] { msg := json.marshal(rego.metadata.chain()) }'
PATH = {"path": ["template", "violation"]}


def message(rego: str, *libs: str, version: str = "v0") -> str:
    """What the only violation of a template says."""
    code = {"rego": rego, "libs": list(libs), "version": version}
    (finding,) = RegoDriver().compile("Probe", code).program({})({}, EMPTY)
    return finding.message


def chain(block: str, rule: str = CHAIN) -> Any:
    return json.loads(message(f"package probe\n{block}\n{rule}"))


def refusal(rego: str) -> tuple[int, str]:
    """The line and the words of what is refused."""
    with pytest.raises(CompileError) as caught:
        message(rego)
    assert caught.value.span is not None
    return caught.value.span.line, caught.value.message


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        ("# title: 5\n# description: yes", {"title": "5", "description": "yes"}),
        ("# custom: {a: yes, b: 010, c: 2024-01-02, d: ~, 1: x}", {"custom": {"1": "x", "a": "yes", "b": 8, "c": "2024-01-02T00:00:00Z", "d": None}}),
        ("# custom: {a: 1.50, b: [1, {c: d}]}\n# unknown: 1", {"custom": {"a": 1.5, "b": [1, {"c": "d"}]}}),
        ("# authors:\n# - A B <a@b>\n# - name: x", {"authors": [{"name": "A B", "email": "a@b"}, {"name": "x"}]}),
        ("# organizations: [a, 5]\n# title:", {"organizations": ["a", "5"]}),
        ("# related_resources:\n# - http://x/y\n# - {ref: z, description: d}", {"related_resources": [{"ref": "http://x/y"}, {"ref": "z", "description": "d"}]}),
        ('# schemas:\n# - input: schema.foo\n# - input.a["b c"]: {type: string}', {"schemas": [{"path": ["input"], "schema": ["schema", "foo"]}, {"path": ["input", "a", "b c"], "definition": {"type": "string"}}]}),
        ("# labels: {a: b}\n# compile: {unknowns: [input.x]}", {"labels": {"a": "b"}}),
        ("#\n#  description: |\n#    a\n#    b", {"description": "a\nb\n"}),
        ("# title: b\n # not at the start of the line", {"title": "b"}),
        ("# title: b\n\n# after a gap: [", {"title": "b"}),
    ],
)  # fmt: skip
def test_a_rule_knows_what_stands_above_it(block: str, shown: dict[str, Any]) -> None:
    assert chain(f"# METADATA\n{block}") == [{**PATH, "annotations": {"scope": "rule", **shown}}]


def test_the_nearest_annotation_comes_first_and_the_widest_last() -> None:
    package = "# METADATA\n# scope: subpackages\n# title: s\n\n# METADATA\n# title: p\npackage probe\n"
    rule = "# METADATA\n# scope: document\n# title: d\n\n# METADATA\n# title: far\n\n# METADATA\n# title: near\n"
    found = json.loads(message(f"{package}{rule}{CHAIN}"))
    assert [(len(one["path"]), one["annotations"]["title"]) for one in found] == [
        (2, "near"),
        (2, "far"),
        (2, "d"),
        (1, "p"),
        (1, "s"),
    ]


def test_an_entry_point_is_a_document() -> None:
    annotations = {"scope": "document", "entrypoint": True}
    assert chain("# METADATA\n# entrypoint: yes") == [PATH, {**PATH, "annotations": annotations}]


def test_a_library_knows_its_place_in_gatekeeper() -> None:
    lib = "# METADATA\n# title: l\npackage lib.x\n# METADATA\n# title: f\nf(y) = 1 { y == 2 } else = rego.metadata.chain()"
    rego = 'package probe\nimport data.lib.x\nviolation[{"msg": msg}] { msg := json.marshal(x.f(1)) }'
    assert json.loads(message(rego, lib)) == [
        {"path": ["libs", "lib", "x", "f"]},
        {"path": ["libs", "lib", "x"], "annotations": {"scope": "package", "title": "l"}},
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("rego.metadata.rule(x); msg := x.title", "t"),
        ("msg := [rego.metadata.rule().title | true][0]", "t"),
        ('rego.metadata.rule().title == "t"; msg := "equal"', "equal"),
        ('not rego.metadata.rule(); msg := "OPA forgets the not"', "OPA forgets the not"),
        ('t := {"a": rego.metadata.rule()}; msg := t.a.title', "t"),
        ('rego := {"metadata": 1}; msg := sprintf("%v", [rego.metadata])', "1"),
        ('msg := sprintf("%v", [count(rego.metadata.chain()) + count(rego.metadata.rule())])', "4"),
    ],
)
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_the_answer_stands_wherever_the_call_stood(body: str, said: str, version: str) -> None:
    head = 'violation[{"msg": msg}]' if version == "v0" else 'violation contains {"msg": msg} if'
    rego = f"package probe\n# METADATA\n# title: t\n# custom: {{a: 1}}\n{head} {{ {body} }}"
    assert message(rego, version=version) == said


@pytest.mark.parametrize(
    ("block", "line", "words"),
    [
        ("", 2, "expected METADATA block, found whitespace"),
        ("# title: [a]", 3, "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string"),
        ("# foo", 3, "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `foo` into ast.rawAnnotation"),
        ("# title: a\n# title: b", 4, 'yaml: unmarshal errors:\n  line 2: mapping key "title" already defined at line 1'),
        ("#title: x\n# b: {", 4, "yaml: line 2: did not find expected node content"),
        ("# title: x:y: z", 3, "yaml: mapping values are not allowed in this context"),
        ("# scope: package", 2, "annotation scope 'package' must be applied to package (have rule)"),
        ("# scope: nix", 2, "invalid annotation scope 'nix'. Use one of 'rule', 'document', 'package', or 'subpackages'"),
        ("# scope: rule\n# entrypoint: true", 2, "annotation entrypoint applied to non-document or package scope 'rule'"),
        ("# authors: [5]", 2, "invalid author definition %!s(int=5): invalid value type, must be string or map"),
        ("# authors: [{}]", 2, "invalid author definition map[]: 'name' and/or 'email' values required in object"),
        ("# related_resources: [{a: b}]", 2, "invalid related-resource definition map[a:b]: 'ref' value required in object"),
        ("# schemas:\n# - input: foo", 2, "invalid schema reference"),
    ],
)  # fmt: skip
def test_a_broken_annotation_is_refused_where_a_rule_asks_and_ignored_where_none_does(
    block: str, line: int, words: str
) -> None:
    above = f"package probe\n# METADATA\n{block}\n" if block else "package probe\n# METADATA\n"
    assert refusal(above + CHAIN) == (line, f"rego_parse_error: {words}")
    assert message(f'{above}violation[{{"msg": "fine"}}] {{ true }}') == "fine"


def test_an_annotation_of_an_import_or_of_nothing_is_refused() -> None:
    scopes = "Use one of 'rule', 'document', 'package', or 'subpackages'"
    one = "# METADATA\n# title: t\n"
    assert refusal(f"package probe\n{one}import future.keywords.in\n{CHAIN}") == (
        2,
        f"rego_parse_error: invalid annotation scope 'import'. {scopes}",
    )
    assert refusal(f"package probe\n{CHAIN}\n{one}") == (3, f"rego_parse_error: invalid annotation scope ''. {scopes}")


def test_two_annotations_of_a_document_are_refused() -> None:
    one = "# METADATA\n# scope: document\n"
    assert refusal(f"package probe\n{one}\n{one}{CHAIN}") == (
        5,
        "rego_type_error: document annotation redeclared: template:2",
    )


def test_a_comment_in_a_text_is_none() -> None:
    assert chain("x = `\n# METADATA\n# title: [`") == [PATH]


def test_a_field_that_no_annotation_has_is_refused() -> None:
    rule = 'violation[{"msg": msg}] { x := rego.metadata.rule(); msg := x.titel }'
    assert refusal(f"package probe\n# METADATA\n# title: t\n{rule}")[1].startswith(
        "rego_type_error: undefined ref: x.tite"
    )


def test_a_query_is_no_rule() -> None:
    assert compile_modules([]).query("x = rego.metadata.rule()") == []


def test_a_disabled_one_is_unknown() -> None:
    able = Capabilities(disabled=frozenset({"rego.metadata.chain"}))
    with pytest.raises(CompileError, match=r"undefined function rego\.metadata\.chain"):
        RegoDriver(Settings(able.builtins())).compile("Probe", {"rego": f"package probe\n{CHAIN}"})
