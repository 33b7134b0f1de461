"""Label selectors."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.errors import ConstraintError
from constraints.selectors import compile_selector


def expression(operator: str, *values: str, key: str = "env") -> dict[str, Any]:
    """A selector of one expression."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        pytest.param({}, {}, True, id="an empty selector takes all"),
        pytest.param({"matchLabels": {"a": "b"}}, {"a": "b", "c": "d"}, True, id="a label that is there"),
        pytest.param({"matchLabels": {"a": "b"}}, {"a": "c"}, False, id="a label of another value"),
        pytest.param({"matchLabels": {"a": ""}}, {}, False, id="an absent label is not the empty value"),
        pytest.param({"matchLabels": {"a": "b", "c": "d"}}, {"a": "b"}, False, id="all labels must match"),
        pytest.param(expression("In", "a", "b"), {"env": "b"}, True, id="In takes one of the values"),
        pytest.param(expression("In", "a"), {}, False, id="In wants the label"),
        pytest.param(expression("NotIn", "a"), {}, True, id="NotIn takes objects without the label"),
        pytest.param(expression("NotIn", "a"), {"env": "a"}, False, id="NotIn refuses the value"),
        pytest.param(expression("Exists"), {"env": ""}, True, id="Exists wants the key only"),
        pytest.param(expression("DoesNotExist"), {"env": "a"}, False, id="DoesNotExist refuses the key"),
        pytest.param(
            {**expression("Exists"), "matchLabels": {"a": "b"}},
            {"env": "x"},
            False,
            id="labels and expressions are both wanted",
        ),
        pytest.param({"matchLabels": None, "matchExpressions": None}, {}, True, id="null fields are absent"),
        pytest.param(
            {"matchLabels": {"example.com/a_b.c": "1"}}, {"example.com/a_b.c": "1"}, True, id="a key may have a prefix"
        ),
    ],
)
def test_selector(selector: dict[str, Any], labels: dict[str, str], matches: bool) -> None:
    assert compile_selector(selector, "at")(labels) is matches


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        pytest.param(expression("Like", "a"), 'at.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator, use one of In, NotIn, Exists, DoesNotExist', id="an unknown operator"),
        pytest.param({"matchExpressions": [{"key": "a"}]}, "at.matchExpressions[0].operator: Invalid value: null: not a valid selector operator, use one of In, NotIn, Exists, DoesNotExist", id="no operator"),
        pytest.param(expression("In"), "at.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'", id="In without values"),
        pytest.param(expression("Exists", "a"), "at.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist': [\"a\"]", id="Exists with values"),
        pytest.param(expression("In", "a b"), "at.matchExpressions[0].values[0]: Invalid value: \"a b\": a label value must be at most 63 letters, digits, '-', '_' or '.', and must start and end with a letter or digit", id="a value with a space"),
        pytest.param(expression("Exists", key="-a"), "at.matchExpressions[0].key: Invalid value: \"-a\": the name of a label key must be at most 63 letters, digits, '-', '_' or '.', and must start and end with a letter or digit", id="a key that starts with a dash"),
        pytest.param({"matchLabels": {"A_B/c": "d"}}, 'at.matchLabels: Invalid value: "A_B/c": not a label key, its prefix must be a lowercase DNS subdomain of at most 253 characters', id="a prefix that is no DNS name"),
        pytest.param({"matchLabels": {"a": 5}}, "at.matchLabels.a: Invalid value: 5: a label value must be a string", id="a number for a value"),
        pytest.param({"matchLabels": {"a" * 64: "b"}}, f'at.matchLabels: Invalid value: "{"a" * 64}": the name of a label key must be at most 63 letters, digits, \'-\', \'_\' or \'.\', and must start and end with a letter or digit', id="a key that is too long"),
        pytest.param(None, "at: Invalid value: null: must be an object", id="null instead of a selector"),
        pytest.param({"matchExpressions": {}}, "at.matchExpressions: Invalid value: {}: must be an array", id="a mapping of expressions"),
        pytest.param({"matchExpressions": ["a"]}, 'at.matchExpressions[0]: Invalid value: "a": must be an object', id="a word for an expression"),
    ],
)  # fmt: skip
def test_an_invalid_selector_names_field_and_value(selector: Any, message: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_selector(selector, "at")
    assert str(caught.value) == message
