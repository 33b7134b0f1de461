"""Operators that generated code spells out give what OPA 1.17.1 gives, also where Python would be exact."""

from __future__ import annotations

import pytest
from regodriver import message

REVIEW = {"object": {"large": (1 << 63) - 1, "negative": -5000, "zero": 0}}


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        pytest.param("o.large * 3", "27670116110564327420", id="a product has 64 bits"),
        pytest.param("o.large + 18446744073709551616", "27670116110564327424", id="and so has a sum"),
        pytest.param("(bits.lsh(1, 70) + o.zero) + 1", "1180591620717411303400", id="what is longer is rounded"),
        pytest.param("o.negative * 0", "-0", id="nothing has a sign"),
        pytest.param("o.zero * -1000", "-0", id="of either side"),
        pytest.param("o.zero * -999", "0", id="but not with small numbers"),
        pytest.param("count(o) * 5 - 1", "14", id="small ones are plain"),
    ],
)
def test_operators_round_as_opa_rounds(expression: str, answer: str) -> None:
    assert message(f"o := input.review.object; msg := json.marshal({expression})", REVIEW) == [answer]
