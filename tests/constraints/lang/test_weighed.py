"""What is remembered stays below its weight."""

from __future__ import annotations

from constraints.lang.weighed import Weighed


def test_values_are_given_again_until_they_are_too_heavy_together() -> None:
    values = Weighed[str, int](10)
    assert (values.get("a"), values.put("a", 1, 6), values.put("b", 2, 4)) == (None, 1, 2)
    assert (values.get("a"), values.get("b")) == (1, 2)
    assert values.put("c", 3, 1) == 3
    assert (values.get("a"), values.get("b"), values.get("c")) == (None, None, 3)


def test_a_key_that_is_put_twice_weighs_once() -> None:
    values = Weighed[str, int](10)
    for _ in range(3):
        values.put("a", 1, 6)
    values.put("b", 2, 4)
    assert (values.get("a"), values.get("b")) == (1, 2)
