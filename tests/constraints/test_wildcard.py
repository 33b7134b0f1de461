"""Names with a star."""

from __future__ import annotations

import pytest

from constraints.wildcard import generated, wildcard


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        pytest.param("kube-*", "kube-system", True, id="a trailing star is a prefix"),
        pytest.param("*-system", "kube-system", True, id="a leading star is a suffix"),
        pytest.param("*be-s*", "kube-system", True, id="two stars are a substring"),
        pytest.param("kube", "kube-system", False, id="no star is exact"),
        pytest.param("kube-system", "kube-system", True, id="no star, equal"),
        pytest.param("k*m", "kube-system", False, id="an inner star is a plain character"),
        pytest.param("k*m", "k*m", True, id="an inner star equals itself"),
        pytest.param("*", "", True, id="a star matches the empty name"),
        pytest.param("**", "anything", True, id="two stars match everything"),
        pytest.param("", "", True, id="the empty pattern is the empty name"),
        pytest.param("", "x", False, id="the empty pattern is nothing else"),
        pytest.param("kube-*", "Kube-system", False, id="case counts"),
    ],
)
def test_wildcard(pattern: str, name: str, matches: bool) -> None:
    assert wildcard(pattern)(name) is matches


@pytest.mark.parametrize(
    ("pattern", "generate_name", "matches"),
    [
        pytest.param("web-*", "web-", True, id="a prefix may match what is still to grow"),
        pytest.param("*eb*", "web-", True, id="so may a substring"),
        pytest.param("*-", "web-", False, id="a suffix may not"),
        pytest.param("web-", "web-", False, id="nor may an exact name"),
    ],
)
def test_generated(pattern: str, generate_name: str, matches: bool) -> None:
    assert generated(pattern)(generate_name) is matches
