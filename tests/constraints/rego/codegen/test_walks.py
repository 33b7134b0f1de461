"""Steps and loops that find nothing: keys that no JSON has, and rules without a value."""

from __future__ import annotations

import pytest
from regodriver import messages

NOTHING = [
    pytest.param("not input.review.object[[1]]", "", id="an array as a key"),
    pytest.param("not input.review.object[{1: 2}].a", "", id="an object as a key"),
    pytest.param("not input.review.object[{1}]", "", id="a set as a key"),
    pytest.param(
        "count([x | x := numbers[_]]) == 0", "numbers = {1} { input.review.nothing }", id="a set that is not there"
    ),
    pytest.param("count([x | x := texts[_]]) == 0", 'texts = ["a"] { input.review.nothing }', id="nor an array"),
    pytest.param(
        "count([x | x := f(1)[_]]) == 0", "f(x) = {x} { input.review.nothing }", id="nor what a function gives"
    ),
]


@pytest.mark.parametrize(("body", "more"), NOTHING)
def test_what_is_not_there_is_not_found(body: str, more: str) -> None:
    assert messages(f'package a\nviolation[{{"msg": "m"}}] {{ {body} }}\n{more}', {"object": {"a": 1}}) == ["m"]
