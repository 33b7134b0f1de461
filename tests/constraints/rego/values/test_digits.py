"""Numbers of more digits than Python makes a text of: nothing that a policy can do with them fails in Python's way.

OPA has no such bound. What an operation says of them is held in the tests of each; here only that it is an answer, or
an error of Rego's.
"""

from __future__ import annotations

from itertools import islice, product
from random import Random
from typing import Any, Final

import pytest
from regodriver import findings, message

from constraints.errors import EvaluationError
from constraints.rego.builtins import BUILTINS, Builtin, BuiltinError
from constraints.rego.values.kinds import UNDEFINED, RegoSet, object_of
from constraints.rego.values.number import integer_text, number_of
from constraints.rego.values.plain import to_json
from constraints.rego.values.sizes import limited_to
from constraints.rego.values.text import text

LONG: Final = 7**7_000
DIGITS: Final = integer_text(LONG)
FRACTION: Final = number_of(f"{DIGITS}.5")
HUGE: Final = number_of(f"{'1' * 5000}e3000")
VALUES: Final[dict[str, list[Any]]] = {
    "number": [LONG, -LONG, FRACTION, HUGE, 1, 2.5],
    "string": [
        *(
            "a",
            DIGITS,
            f"{DIGITS}.5",
            f"[{DIGITS}]",
            "%d %v",
            f"a: {DIGITS}",
            "{{.a}}",
            f"v{DIGITS}.0.0",
            f"{DIGITS}Ki",
        ),
        *(f"1.0.0-{DIGITS}", f"{DIGITS}h", f"2024-01-01T00:00:00.{DIGITS}Z", f"10.0.0.0/{DIGITS}", f"a/{DIGITS}"),
        *(f"1e{DIGITS}", f"{{{{{DIGITS}}}}}"),
    ],
    "array": [
        [LONG, 2],
        [DIGITS, LONG],
        [FRACTION, "a"],
        [],
        [f"a/{DIGITS}"],
        [{"op": "add", "path": "/a", "value": 1}],
    ],
    "object": [{"a": LONG}, {"a": FRACTION, DIGITS: 1}, object_of([(LONG, 1)]), {"type": "integer", "minimum": LONG}],
    "set": [RegoSet.of([LONG, FRACTION])],
    "boolean": [True],
    "null": [None],
}
ANYTHING: Final = [one for values in VALUES.values() for one in values]


def arguments(types: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Some of the combinations of values of such types, always the same."""
    fitting = [
        [one for kind in declared.split("|") for one in VALUES.get(kind.split("[")[0].split("<")[0], ANYTHING)]
        for declared in types
    ]
    found = list(islice(product(*fitting), 20_000))
    Random(1).shuffle(found)
    return found[:25]


@pytest.mark.parametrize("family", sorted({name.split(".")[0] for name in BUILTINS}))
def test_builtins_answer_or_refuse_long_numbers(family: str) -> None:
    for name, builtin in BUILTINS.items():
        if name.split(".")[0] == family and not builtin.contextual:
            for given in arguments(builtin.types):
                answers_or_refuses(builtin, given)


def answers_or_refuses(builtin: Builtin, given: tuple[Any, ...]) -> None:
    with limited_to(1_000_000):
        try:
            answer = builtin.run(*given)
            answer = list(answer) if builtin.relation else answer
            assert answer is UNDEFINED or text(answer)
            assert answer is UNDEFINED or to_json(answer) is not ...
        except (BuiltinError, EvaluationError):
            pass


SHOWN: Final = [
    ('sprintf("%d", [n])', DIGITS),
    ('sprintf("%s", [n])', DIGITS),
    ('sprintf("%v %d", [n, n])', f"{DIGITS} {DIGITS}"),
    ('sprintf("%v", [[n]])', f"[{DIGITS}]"),
    ('json.marshal({"a": n})', f'{{"a":{DIGITS}}}'),
    ('concat("", [sprintf("%d", [m]) | m := [n][_]])', DIGITS),
    ('sprintf("%v", [[y | walk([n], [_, y])][1]])', DIGITS),
    ('sprintf("%d", [count([x | x := sprintf("%d", [n])])])', "1"),
]


@pytest.mark.parametrize(("expression", "shown"), SHOWN)
def test_long_integers_are_shown_when_a_review_has_them(expression: str, shown: str) -> None:
    body = f"n := input.review.object.n; msg := {expression}"
    assert message(body, {"object": {"n": LONG}}) == [shown]


@pytest.mark.parametrize(("expression", "shown"), SHOWN)
def test_long_integers_are_shown_when_they_are_known_early(expression: str, shown: str) -> None:
    assert message(f"n := {DIGITS}; msg := {expression}") == [shown]
    assert message(f"n := input.parameters.n; msg := {expression}", parameters={"n": LONG}) == [shown]


def test_long_integers_are_details_and_keys_of_details() -> None:
    rego = 'package p\nviolation[{"msg": "m", "details": {"v": n, "k": {n: 1, [n]: 2}}}] { n := input.review.object.n }'
    (found,) = findings(rego, {"object": {"n": LONG}})
    assert found.details == {"v": LONG, "k": {DIGITS: 1, f"[{DIGITS}]": 2}}


def test_a_key_of_details_that_json_cannot_have_is_an_error() -> None:
    rego = 'package p\nviolation[{"msg": "m", "details": {to_number("01"): 1}}] { true }'
    with pytest.raises(EvaluationError, match=r'^json: invalid number literal "01"$'):
        findings(rego)
