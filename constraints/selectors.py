"""Label selectors: `matchLabels` and `matchExpressions`, checked as Kubernetes checks them and compiled to one test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from constraints.errors import ConstraintError
from constraints.fields import quoted
from constraints.model import Json

Labels = Mapping[str, str]
Selector = Callable[[Labels], bool]

_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_NAME_LENGTH: Final = 63
_PREFIX_LENGTH: Final = 253
_NAME_RULE: Final = "must be at most 63 letters, digits, '-', '_' or '.', and must start and end with a letter or digit"
_PREFIX_RULE: Final = "its prefix must be a lowercase DNS subdomain of at most 253 characters"


def compile_selector(selector: Json, path: str) -> Selector:
    """One test of a set of labels; an empty selector takes all. Raises ConstraintError, which names `path`."""
    found = _mapping(selector, path)
    tests = [
        *_labels(_mapping(found.get("matchLabels") or {}, f"{path}.matchLabels"), f"{path}.matchLabels"),
        *_expressions(_list(found.get("matchExpressions"), f"{path}.matchExpressions"), f"{path}.matchExpressions"),
    ]
    if len(tests) == 1:
        return tests[0]
    return lambda labels: all(test(labels) for test in tests)


def _labels(wanted: Mapping[str, Json], path: str) -> Iterator[Selector]:
    for key, value in wanted.items():
        _key(key, path)
        _check_value(value, f"{path}.{key}")
        yield _in(key, [value])


def _expressions(expressions: Sequence[Json], path: str) -> Iterator[Selector]:
    for at, expression in enumerate(expressions):
        yield _expression(_mapping(expression, f"{path}[{at}]"), f"{path}[{at}]")


def _expression(expression: Mapping[str, Json], path: str) -> Selector:
    values = _list(expression.get("values"), f"{path}.values")
    operator = _operator(expression.get("operator"), values, path)
    key = _key(expression.get("key"), f"{path}.key")
    for at, value in enumerate(values):
        _check_value(value, f"{path}.values[{at}]")
    return _OPERATORS[operator](key, values)


def _in(key: str, values: Sequence[str]) -> Selector:
    wanted = frozenset(values)
    return lambda labels: key in labels and labels[key] in wanted


def _not_in(key: str, values: Sequence[str]) -> Selector:
    refused = frozenset(values)
    return lambda labels: key not in labels or labels[key] not in refused


def _exists(key: str, _values: Sequence[str]) -> Selector:
    return lambda labels: key in labels


def _does_not_exist(key: str, _values: Sequence[str]) -> Selector:
    return lambda labels: key not in labels


_OPERATORS: Final[Mapping[str, Callable[[str, Sequence[str]], Selector]]] = {
    "In": _in,
    "NotIn": _not_in,
    "Exists": _exists,
    "DoesNotExist": _does_not_exist,
}
_WITH_VALUES: Final = frozenset({"In", "NotIn"})


def _operator(operator: Json, values: Sequence[Json], path: str) -> str:
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise ConstraintError(
            f"{path}.operator: Invalid value: {quoted(operator)}: not a valid selector operator, use one of {', '.join(_OPERATORS)}"
        )
    if operator in _WITH_VALUES and not values:
        raise ConstraintError(f"{path}.values: Required value: must be specified when `operator` is 'In' or 'NotIn'")
    if operator not in _WITH_VALUES and values:
        raise ConstraintError(
            f"{path}.values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist': {quoted(values)}"
        )
    return operator


def _key(key: Json, path: str) -> str:
    if not isinstance(key, str):
        raise ConstraintError(f"{path}: Invalid value: {quoted(key)}: a label key must be a string")
    prefix, slash, name = key.rpartition("/")
    if not _is_name(name):
        raise ConstraintError(f"{path}: Invalid value: {quoted(key)}: the name of a label key {_NAME_RULE}")
    if slash and (len(prefix) > _PREFIX_LENGTH or not _PREFIX.match(prefix)):
        raise ConstraintError(f"{path}: Invalid value: {quoted(key)}: not a label key, {_PREFIX_RULE}")
    return key


def _check_value(value: Json, path: str) -> None:
    if not isinstance(value, str):
        raise ConstraintError(f"{path}: Invalid value: {quoted(value)}: a label value must be a string")
    if value and not _is_name(value):
        raise ConstraintError(f"{path}: Invalid value: {quoted(value)}: a label value {_NAME_RULE}")


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_LENGTH and _NAME.match(text) is not None


def _mapping(value: Json, path: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ConstraintError(f"{path}: Invalid value: {quoted(value)}: must be an object")
    return value


def _list(value: Json, path: str) -> Sequence[Json]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ConstraintError(f"{path}: Invalid value: {quoted(value)}: must be an array")
    return value
