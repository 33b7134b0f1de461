"""GraphQL read and held against schemas; the answers are those of `opa eval` 1.17.1."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from conformance.run_rego import why_not
from regocalls import call

from constraints.errors import EvaluationError
from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.runtime.context import BUDGET
from constraints.rego.values.sizes import TOO_DEEP, limited_to

SCHEMA: Final = """
schema { query: Q }
"d" interface N { id: ID! }
type Q implements N { id: ID! u(i: In = {a: 1, b: ["x"]}): U q: Q e(e: E): E }
type P { id: Int }
union U = Q | P
enum E { A B @deprecated(reason: "old") }
input In { a: Int b: [String!] }
extend union U @x
directive @x(a: Int) repeatable on UNION | FIELD
"""
CASES: Final = "github.com/open-policy-agent/opa@v1.17.1/v1/test/cases/testdata/v1/graphql"
DIFFERENT: Final[Mapping[str, str]] = {}
"""OPA's own cases that do not hold, by note, with the reason."""


def run(name: str, *arguments: Any) -> Any:
    """The answer as a value."""
    return BUILTINS[f"graphql.{name}"].run(*arguments)


VALID = [
    "",
    "# c",
    "{q{id}}",
    "{u{... on P{id}}}",
    "{u(i:{a:1}){__typename}}",
    "query($e:E=A){e(e:$e)}",
    "{e @x(a:1) @x e @include(if:true)}",
    "{e(e:null)}",
    '{__type(name:"x"){name}}',
    "{q{...on N{id} ...@include(if:true){id}}}",
    '{u(i:{b:"x"}){__typename}}',
    '{q{... @defer(label:"x"){id}}}',
]
INVALID = [
    "{a}",
    "{id id:e}",
    "{u}",
    "{id{id}}",
    "mutation{id}",
    "query($e:E!){e(e:B)}",
    "{e(e:$x)}",
    "{...F}",
    "{...F} fragment F on Q {q{...F}}",
    "query A{id} query A{id}",
    "{id} query A{id}",
    '{e(e:"A")}',
    "{u(i:{a:1 a:2}){__typename}}",
    "{u(i:{b:[1]}){__typename}}",
    "query($a:Q){id}",
    "{id @unknown}",
    "{q @defer(if:true){id}}",
    "type Q {id: Int}",
    '"d" query {id}',
    "{}",
    "{q{}}",
    "{",
]


@pytest.mark.parametrize(("query", "valid"), [*((one, True) for one in VALID), *((one, False) for one in INVALID)])
def test_a_query_is_held_against_its_schema(query: str, valid: bool) -> None:
    assert run("is_valid", query, SCHEMA) is valid
    verified = run("parse_and_verify", query, SCHEMA)
    trees = [run("parse_query", query), run("parse_schema", SCHEMA)] if valid else [{}, {}]
    assert verified == [valid, *trees]


CONVERSION = "eval_builtin_error: Error in gqlparser SchemaDocument to Schema conversion: "
SCHEMAS = [
    ("", ""),
    ("type A {a:[[Int!]]!}", ""),
    ("extend type Query {a:Int}", ""),
    ("interface I {a:I} type A implements I {a:A}", ""),
    ("interface I {a:Int} type A implements I {a:Int!}", ""),
    ("directive @skip on FIELD", ""),
    ("type A {a:B}", "Undefined type B"),
    ("type A {a:A} type A {b:A}", "Cannot redeclare type A"),
    ("type Int {a:Int}", "Cannot redeclare type Int"),
    ("type Q {a:Int a:Int}", "Field Q.a can only be defined once"),
    ("input I {a: Q} type Q {a:Int}", "OBJECT a: field must be one of SCALAR, ENUM, INPUT_OBJECT"),
    ("union U = E enum E {A}", 'UNION type "E" must be OBJECT'),
    ("type A", "OBJECT A: must define one or more fields"),
    ("enum E", "ENUM E: must define one or more unique enum values"),
    (
        "type A {__a:Int}",
        'Name "__a" must not begin with "__", which is reserved by GraphQL introspection',
    ),
    ("interface I {a:Int} type A implements I {b:Int}", "For A to implement I it must have a field called a"),
    ("interface I {a:[Int]} type A implements I {a:Int}", "For A to implement I the field a must have type [Int]"),
    (
        "interface I {a(x:Int):Int} type A implements I {a:Int}",
        "For A to implement I the field a must have the same arguments but it is missing x",
    ),
    (
        "interface I {a:Int} type A implements I {a(x:Int!):Int}",
        "For A to implement I any additional arguments on a must be optional or have a default value but x is required",
    ),
    (
        "interface J {a:Int} interface I implements J {a:Int} type A implements I {a:Int}",
        "Type A must implement J because it is implemented by I",
    ),
    ("directive @a(x:Int @a) on ARGUMENT_DEFINITION", "Directive a cannot refer to itself"),
    ("directive @a on FIELD directive @a on FIELD", "Cannot redeclare directive a"),
    ("type A @skip(if:true) {a:Int}", "Directive skip is not applicable on OBJECT"),
    ("scalar A @specifiedBy(url:null)", "Argument url for directive specifiedBy cannot be null"),
    ("schema {query:X}", "Schema root query refers to a type X that does not exist"),
    ("extend input String {a:Int}", "Cannot extend type String because the base type is a SCALAR, not INPUT_OBJECT"),
    ("type Q {a(x:Q):Int}", "cannot use Q as argument x because OBJECT is not a valid input type"),
]


@pytest.mark.parametrize(("schema", "problem"), SCHEMAS)
def test_a_schema_is_valid_or_says_why_not(schema: str, problem: str) -> None:
    assert run("schema_is_valid", schema) is (not problem)
    assert run("schema_is_valid", run("parse_schema", schema)) is (not problem)
    wanted = f"{CONVERSION}{problem}" if problem else "[{}, "
    assert call("graphql.parse", "", schema).startswith(wanted)


def comment(text: str) -> dict[str, Any]:
    return {"List": [{"Value": text}]}


def test_the_tree_of_a_query_has_everything_but_places() -> None:
    query = (
        '# c0\nquery X( # c1\n$a: [Int!] = 1 @d) { # c2\nb(x: [{y: """ z """}]) ...F } fragment F on A { ... { c } }'
    )
    text = {"ExpectedTypeHasDefault": False, "Kind": 4, "Raw": " z "}
    inner = {"Children": [{"Name": "y", "Value": text}], "ExpectedTypeHasDefault": False, "Kind": 9, "Raw": ""}
    listed = {"Children": [{"Name": "", "Value": inner}], "ExpectedTypeHasDefault": False, "Kind": 8, "Raw": ""}
    field = {"Alias": "b", "Name": "b", "Arguments": [{"Name": "x", "Value": listed}], "Comment": comment("# c2")}
    variable = {
        "Comment": comment("# c1"),
        "DefaultValue": {"ExpectedTypeHasDefault": False, "Kind": 1, "Raw": "1"},
        "Directives": [{"Location": "", "Name": "d"}],
        "Type": {"Elem": {"NamedType": "Int", "NonNull": True}, "NamedType": "", "NonNull": False},
        "Used": False,
        "Variable": "a",
    }
    operation = {
        "Comment": comment("# c0"),
        "Name": "X",
        "Operation": "query",
        "SelectionSet": [field, {"Name": "F"}],
        "VariableDefinitions": [variable],
    }
    inline = {"SelectionSet": [{"Alias": "c", "Name": "c"}], "TypeCondition": ""}
    fragment = {"Name": "F", "SelectionSet": [inline], "TypeCondition": "A"}
    assert run("parse_query", query) == {"Fragments": [fragment], "Operations": [operation]}


def test_the_tree_of_a_schema_has_everything_but_places() -> None:
    schema = '# c0\n"d" # c1\ntype A { b: C # c2\n}\nextend union U = A | B\n# c3'
    field = {"Description": "", "Name": "b", "Type": {"NamedType": "C", "NonNull": False}}
    definition = {
        "AfterDescriptionComment": comment("# c1"),
        "BeforeDescriptionComment": comment("# c0"),
        "BuiltIn": False,
        "Description": "d",
        "EndOfDefinitionComment": comment("# c2"),
        "Fields": [field],
        "Kind": "OBJECT",
        "Name": "A",
    }
    extension = {"BuiltIn": False, "Description": "", "Kind": "UNION", "Name": "U", "Types": ["A", "B"]}
    wanted = {"Comment": comment("# c3"), "Definitions": [definition], "Extensions": [extension]}
    assert run("parse_schema", schema) == wanted


@pytest.mark.parametrize("query", [one for one in VALID if "..." not in one])
def test_trees_may_be_given_back(query: str) -> None:
    trees = [run("parse_query", query), run("parse_schema", SCHEMA)]
    assert run("parse", *trees) == trees
    assert run("is_valid", *trees)


def test_every_selection_of_a_tree_is_a_field_as_in_opa() -> None:
    assert not run("is_valid", run("parse_query", "{q{... on N{id}}}"), SCHEMA)


@pytest.mark.parametrize(
    "tree",
    [
        {"Operations": [{"Operation": "query"}]},
        {"Operations": [{"SelectionSet": [{"Name": "id} query X {id"}]}]},
        {"Operations": [{"SelectionSet": [{"Name": "id", "Comment": {"List": [{"Value": "#\nid"}]}}]}]},
    ],
)
def test_a_tree_that_no_text_stands_for_is_an_error_and_never_undefined(tree: Any) -> None:
    with pytest.raises(EvaluationError, match="cannot be written as a document"):
        run("is_valid", tree, SCHEMA)


def test_a_schema_whose_queries_are_no_object_is_an_error_and_never_undefined() -> None:
    with pytest.raises(EvaluationError, match="the type Query of query is no object"):
        run("is_valid", "{a}", "scalar Query")


@pytest.mark.parametrize("tree", [{"Operations": 1}, {"Operations": [1]}, {"Operations": [{"SelectionSet": "x"}]}])
def test_a_tree_of_wrong_types_is_not_valid(tree: Any) -> None:
    assert not run("is_valid", tree, SCHEMA)
    assert call("graphql.parse", tree, SCHEMA).startswith("eval_builtin_error: json: cannot unmarshal")


def _nested(start: str, end: str) -> str:
    return start * 20_000 + end * 20_000


LARGE = {
    "fields": ("parse_query", f"{{{'a ' * 500_000}}}"),
    "comments": ("parse_query", "#\n" * 400_000),
    "types": ("schema_is_valid", "".join(f"type T{at} {{a:Int}} " for at in range(40_000))),
    "equal fields": ("is_valid", f"{{{'id ' * 5_000}}}", SCHEMA),
    "equal fields in equal fields": ("is_valid", f"{{{'q{id q{id q{id}}} ' * 1_000}}}", SCHEMA),
    "fragments": (
        "is_valid",
        f"{{{''.join(f'...F{at} ' for at in range(1_500))}}}"
        f"{''.join(f'fragment F{at} on Q {{id}} ' for at in range(1_500))}",
        SCHEMA,
    ),
    "fragments in fragments": (
        "is_valid",
        "{...F0}" + "".join(f"fragment F{at} on Q {{a:q{{...F{at + 1}}} b:q{{...F{at + 1}}}}} " for at in range(40))
        + "fragment F40 on Q {id}",
        SCHEMA,
    ),
    "a tree": ("is_valid", {"Operations": [{"SelectionSet": [{"Name": "id"}] * 5_000}]}, SCHEMA),
    "deep selections": ("is_valid", f"{{{_nested('q{', '}')}}}", SCHEMA),
    "deep lists": ("parse_query", f"{{a(b:{_nested('[', ']')})}}"),
    "deep types": ("schema_is_valid", f"type A {{a:{'[' * 9_000}Int{']' * 9_000}}}"),
}  # fmt: skip


@pytest.mark.parametrize("arguments", LARGE.values(), ids=LARGE)
def test_what_is_too_large_or_too_deep_is_an_error(arguments: tuple[Any, ...]) -> None:
    with limited_to(BUDGET), pytest.raises(EvaluationError) as caught:
        run(*arguments)
    assert caught.value.code in ("budget_exceeded", TOO_DEEP)


def test_what_is_of_a_common_size_is_answered_within_the_budget() -> None:
    fields = " ".join(f"f{at}(x: Int): Q" for at in range(1_000))
    query = "".join(f"f{at} {{ id }} " for at in range(500))
    with limited_to(BUDGET):
        assert run("is_valid", f"{{{query}}}", f"type Query {{ a: Q {fields} }} type Q {{ id: ID {fields} }}")
        assert run("parse_query", f'{{a(b: "{"x" * 1_000_000}")}}')
        assert run("is_valid", f"{'{q' * 60}{{id}}{'}' * 60}", SCHEMA)


def test_the_extra_is_named_where_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {one.extra for name, one in BUILTINS.items() if name.startswith("graphql.")} == {"graphql"}
    monkeypatch.setitem(sys.modules, "graphql", None)  # as where it is not installed
    assert Builtin("graphql.parse", len, (), extra="graphql").missing == (
        "graphql.parse needs the Python package graphql: pip install 'kube-patrol[graphql]'"
    )


def test_opas_own_cases_hold() -> None:
    where = Path(os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod") / CASES
    if not where.is_dir():
        pytest.skip("OPA's cases are not in Go's module cache (python tests/peers/build.py opa puts them there)")
    documents = (yaml.load(file.read_bytes(), yaml.CSafeLoader) for file in sorted(where.glob("*.yaml")))
    answers = [(case["note"], why_not(case)) for document in documents for case in document["cases"]]
    assert len(answers) > 100
    assert [(note, why) for note, why in answers if why and note not in DIFFERENT] == []
    assert [note for note, why in answers if not why and note in DIFFERENT] == []
