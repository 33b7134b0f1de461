"""Our engine and OPA itself say the same of random modules and documents.

A few examples in the default suite, where OPA has been built before (tests/peers/build.py); many in the slow one, which
builds it: `pytest -m slow tests/differential`. DIFFERENTIAL_EXAMPLES says how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from differential.agreement import disagreement, ours
from differential.calls import calling
from differential.modules import Maker
from differential.server import Opa, Panicked, serving
from differential.vocabulary import PACKAGE, document
from differential.wider import LIBRARY, Wider
from hypothesis import HealthCheck, Phase, given, note, reject, settings
from hypothesis import strategies as st
from peers.build import NoGo, peer

FEW = 100
MANY = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "20000"))
DATA = {"made_data": {"a": [1, 2, {"b": "x"}], "b": {"c": 1, "d": [True, None]}, "c": "ab", "d": 2.5}}
ALL_AT_ONCE = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
"""Modules are large for hypothesis, and an example may have to wait for OPA."""


@pytest.fixture(scope="module")
def opa() -> Iterator[Opa]:
    """A server of the real OPA."""
    try:
        binary = peer("opa")
    except NoGo as error:
        pytest.skip(str(error))
    with serving(binary, DATA) as server:
        yield server


def agree(opa: Opa, modules: dict[str, str], given_input: Any) -> None:
    for module in modules.values():
        note(module)
    note(f"input: {given_input!r}")
    try:
        theirs = opa.ask(modules, PACKAGE, given_input)
    except Panicked:
        reject()
    if theirs.refused:  # what stands behind that module was not looked at
        names = list(modules)
        modules = {name: modules[name] for name in names[: names.index(theirs.refused) + 1]}
    assert not disagreement(ours(modules, given_input, DATA), theirs)


@settings(max_examples=FEW, derandomize=True, phases=(Phase.generate,), **ALL_AT_ONCE)  # shrinking takes minutes
@given(chance=st.randoms(use_true_random=False))
def test_a_module_means_what_it_means_to_opa(opa: Opa, chance: Random) -> None:
    agree(opa, {PACKAGE: Maker(chance).module()}, document(chance))


@pytest.mark.slow
@settings(max_examples=MANY, **ALL_AT_ONCE)
@given(chance=st.randoms(use_true_random=False))
def test_many_modules_mean_what_they_mean_to_opa(opa: Opa, chance: Random) -> None:
    agree(opa, {PACKAGE: Maker(chance).module()}, document(chance))


@pytest.mark.slow
@settings(max_examples=MANY // 4, **ALL_AT_ONCE)
@given(chance=st.randoms(use_true_random=False))
def test_modules_with_a_library_mean_what_they_mean_to_opa(opa: Opa, chance: Random) -> None:
    library, module = Wider(chance).modules()
    agree(opa, {LIBRARY: library, PACKAGE: module}, document(chance))


@pytest.mark.slow
@settings(max_examples=MANY // 4, **ALL_AT_ONCE)
@given(chance=st.randoms(use_true_random=False))
def test_builtins_answer_as_those_of_opa(opa: Opa, chance: Random) -> None:
    agree(opa, {PACKAGE: calling(chance)}, {"zero": 0})


READING = f'package {PACKAGE}\nr := rego.parse_module("f.rego", input.text)\n'


@pytest.mark.parametrize("maker", [lambda chance: Maker(chance).module(), lambda chance: Wider(chance).modules()[1]])
@settings(max_examples=FEW // 10, derandomize=True, phases=(Phase.generate,), **ALL_AT_ONCE)
@given(chance=st.randoms(use_true_random=False))
def test_a_module_is_read_as_opa_reads_it(opa: Opa, maker: Callable[[Random], str], chance: Random) -> None:
    agree(opa, {PACKAGE: READING}, {"text": maker(chance)})


SMALL: tuple[tuple[str, str, Any], ...] = (
    ("an object is not bound by an array on its left", 'p if { some v in [1 | {"d": x} = [1 | input.a]] }', {}),
    (
        "a closure in a deep closure fails in silence",
        "p if { every k, _ in input.b { some _, _ in object.keys(k) } }",
        {"b": [1]},
    ),
    ("a closure and a key that share their only variable", "p if { y := input.a; {1 | y} in input.b[y] }", {}),
    ("a closure and a key that share one of two", "p if { y := input.a; z := 1; {1 | y} in input.b[y][z] }", {}),
    (
        "a string with values inside what a comprehension collects",
        'p := x if { x := [count($"{input.b[z]}") | z := input.a] }',
        {},
    ),
    ("what is looked into may be anything", 'f(x) := trim(x, "") if { y := x.a }', {}),
    ("a string with values forgets the type of a variable", 'f(x) if { y := trim(x, $"{x}"); x.a }', {}),
    ("items of the declared type", "f(x) if { sum([x]) > 0; some _ in x }", {}),
    ("items of one of several types", "f(x) if { json.filter(x, [x]); x.a }", {}),
    ("the first call, then the references", 'f(x) if { x.a > trim_left("a", x) }', {}),
    (
        "a string with values before the call beside it",
        'f(x, y) if { not object.remove(x, [$"{x}", concat("a", [trim_prefix(y, x)])]) }',
        {},
    ),
    ("a set of what has no type", "f(x, y) := count(z) if { z := {x | y} }", {}),
    ("an object of what has no type", "f(x) if { object.keys({x: x | some _ in input.a}) }", {}),
    ("what holds several rules is an object", "p.a contains 1\nq if to_number(p) > 0", {}),
    ("inside every one closures and references count", "p := 1\nq if { every _ in input.a { some _ in p } }", {}),
    ("a key binds the head of a reference, too late", 'f(x) := y if { split(z.a, x[z], y) }\np := f({"a": ","})', {}),
    ("a call without arguments has the type of its document", "p := upper(q())\nq() := 1", {}),
    (
        "what another document may hold has no type",
        "p if { data.made_data.x[y] }\nq := y if { data.other[_][y] == 1 }",
        {},
    ),
    (
        "of keys that are not known the one whose name OPA puts last tells the type",
        "f(a, v) := v.a if { {upper(a): abs(v), v: {w: a | w := input.w}} == input.a }\np := [b, c, d] if { b := 1; c := b; d := c }",
        {},
    ),
    (
        "a builtin that gives null for an object",
        "p := x if { x := crypto.x509.parse_rsa_private_key(input.a) }",
        {"a": "true"},
    ),
    ("a builtin that gives nothing for an object", "p := x if { x := uuid.parse(input.a) }", {"a": ""}),
    ("a string with values mentions what is declared behind it", 'p := x if { y := count($"{x}"); x := y }', {}),
    ("a function in a pattern of some is unknown", "f(x) := x\np if { some _ in [f(1)] in input.a; f(1) }", {}),
    ("in a set a string with values comes before calls", 'f(x) := {abs(x), $"{x}"} if { "a" == x }', {}),
    ("false and 0 are two keys of rules", "q[0] contains 1\nq[false] contains 2\nq[1] := 3\nq[true] := 4", {}),
    (
        "what never holds may end in a conflict before",
        'r if { x := {1: v | some v in ["a", "b"]}; is_string(true); x }',
        {},
    ),
    (
        "a closure looks into what its own statement binds, too late",
        "p if { x = input.a[i] - 1 in {1 | y = x[j]} }\nq if { x = input.b[i] - 1 in {1 | y = x[j]}; x == false }",
        {"a": [5], "b": [1]},
    ),
    ("a condition of the index fails", "p if { {1: x | some x in [1, 2]}; input.a == 1 }", {}),
    ("a condition of the index in the head", "p := input.a if { {1: x | some x in [1, 2]} }", {}),
    ("of equal keys a variable counts before a constant", 'p := {input.a: 1, "k": 2}', {"a": "k"}),
    ("of equal keys the last reference counts", "p := {input.b: 2, input.a: 1}", {"a": "k", "b": "k"}),
    ("of equal keys the last call counts", 'f(x) := "k" if x > 0\np := {f(2): 1, f(1): 2}', {}),
    ("of equal keys a reference counts before a call", "p := {input.a: 1, lower(input.a): 2}", {"a": "k"}),
    ("of equal keys the variable counts that was bound last", "p := z if { y := 1; x := 1; z := {x: 1, y: 2} }", {}),
    ("of equal keys a composite counts before a constant one", 'p := {[input.a]: 1, ["k"]: 2}', {"a": "k"}),
    (
        "of equal keys in arrays the reference counts",
        "p := {[w | w := input.a]: 1, [input.a]: 2, [upper(input.a)]: 3}",
        {"a": "K"},
    ),
    ("of equal numbers as keys the first one stands", "p := {1: 1, 1.0: 2}", {}),
    ("a string with values is no array", 'p := x if { some x in $"a {input.b}" }', {"b": [1]}),
)


@pytest.mark.parametrize(("body", "given_input"), [pytest.param(*row[1:], id=row[0]) for row in SMALL])
def test_what_was_found_once_stays_found(opa: Opa, body: str, given_input: Any) -> None:
    modules = {PACKAGE: f"package {PACKAGE}\n\nimport rego.v1\n\n{body}\n"}
    assert not disagreement(ours(modules, given_input, DATA), opa.ask(modules, PACKAGE, given_input))
