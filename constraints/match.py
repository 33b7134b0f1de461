"""`spec.match` of a constraint: which objects it is about (compatibility, section 6).

Each field is one small function, compiled once for each constraint. All fields must match; the first that does not
ends the question, so an object that the order rules out early is never undecidable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from constraints.errors import ConstraintError, MatchError, NamespaceMissing
from constraints.fields import quoted
from constraints.model import Json, Object, Review
from constraints.review import mapping
from constraints.selectors import Labels, compile_selector
from constraints.wildcard import Test, generated, wildcard

Matcher = Callable[[Review], bool]
TakesKind = Callable[[str, str], bool]

_ANY: Final = "*"
_SOURCES: Final = ("All", "Generated", "Original")
_NO_NAMESPACE: Final = "namespace selector for namespace-scoped object but missing Namespace"


def takes_kind(match: Json) -> TakesKind:
    """`match.kinds` as a test of group and kind; the version does not count. Raises ConstraintError."""
    entries = [_kinds_entry(entry, f"spec.match.kinds[{at}]") for at, entry in enumerate(_list(match, "kinds"))]
    if not entries:
        return lambda _group, _kind: True
    return lambda group, kind: any(
        (kinds is None or kind in kinds) and (groups is None or group in groups) for groups, kinds in entries
    )


def reads_namespace(match: Json) -> bool:
    """Whether `match` asks for more of the Namespace than its name."""
    return "namespaceSelector" in mapping(match)


def everything(_review: Review) -> bool:
    """What matches every object is this one, so that it need not be asked."""
    return True


def compile_match(match: Json) -> Matcher:
    """All of `match` but `kinds`, which `takes_kind` answers, as one predicate.

    Raises ConstraintError. The predicate raises MatchError for an object it cannot be decided for.
    """
    fields = mapping(match)
    tests = [test for name, compiled in _FIELDS if name in fields and (test := compiled(fields[name]))]
    if not tests:
        return everything
    one = tests[0] if len(tests) == 1 else _all(tests)
    return lambda review: one(review) if review.request is None else any(one(side) for side in _sides(review))


def _all(tests: Sequence[Matcher]) -> Matcher:
    def matches(review: Review) -> bool:
        for test in tests:  # noqa: SIM110 - a plain loop costs half of all(): this runs for every object and constraint
            if not test(review):
                return False
        return True

    return matches


def _sides(review: Review) -> Iterable[Review]:
    """An AdmissionRequest matches by its object or by its old one."""
    yield review
    old = mapping(review.request).get("oldObject")
    if isinstance(old, Mapping) and old is not review.object:
        yield replace(review, object=old)


def _scope(value: Json) -> Matcher | None:
    """Any other value, typing errors too, matches everything."""
    if value == "Cluster":
        return lambda review: _is_namespace(review) or not _has_namespace(review)
    if value == "Namespaced":
        return lambda review: not _is_namespace(review) and _has_namespace(review)
    return None


def _namespaces(value: Json) -> Matcher | None:
    tests = _wildcards(value, "namespaces")
    return (lambda review: _hit(tests, _namespace_of(review), True)) if tests else None


def _excluded_namespaces(value: Json) -> Matcher | None:
    tests = _wildcards(value, "excludedNamespaces")
    return (lambda review: not _hit(tests, _namespace_of(review), False)) if tests else None


def _label_selector(value: Json) -> Matcher:
    selector = compile_selector(value, "spec.match.labelSelector")
    return lambda review: selector(_labels(review.object))


def _namespace_selector(value: Json) -> Matcher:
    selector = compile_selector(value, "spec.match.namespaceSelector")

    def matches(review: Review) -> bool:
        if _is_namespace(review):
            return selector(_labels(review.object))
        if review.namespace is not None:
            return selector(_labels(review.namespace))
        if not _text(review.object, "namespace"):
            return True
        raise NamespaceMissing(_NO_NAMESPACE)

    return matches


def _name(value: Json) -> Matcher | None:
    if not _is_text(value, "name") or not value:
        return None
    whole, beginning = wildcard(value), generated(value)
    return lambda review: whole(_text(review.object, "name")) or beginning(_text(review.object, "generateName"))


def _source(value: Json) -> Matcher | None:
    if value not in (*_SOURCES, ""):
        supported = ", ".join(f'"{source}"' for source in _SOURCES)
        raise ConstraintError(f"spec.match.source: Unsupported value: {quoted(value)}: supported values: {supported}")
    if value in ("", "All"):
        return None

    def matches(review: Review) -> bool:
        if not review.source:
            raise MatchError(f"source field not specified for resource {_text(review.object, 'name')}")
        if review.source not in _SOURCES:
            raise MatchError(f"invalid source field {quoted(review.source)}")
        return bool(review.source == value)

    return matches


_FIELDS: Final[Sequence[tuple[str, Callable[[Json], Matcher | None]]]] = (
    ("scope", _scope),
    ("namespaces", _namespaces),
    ("excludedNamespaces", _excluded_namespaces),
    ("labelSelector", _label_selector),
    ("namespaceSelector", _namespace_selector),
    ("name", _name),
    ("source", _source),
)


def _is_namespace(review: Review) -> bool:
    kind = review.ref.kind
    return kind.kind == "Namespace" and not kind.group


def _has_namespace(review: Review) -> bool:
    return review.namespace is not None or bool(_text(review.object, "namespace"))


def _namespace_of(review: Review) -> str | None:
    """The name that namespace patterns are tried on; None for cluster-scoped objects that are not Namespaces."""
    if _is_namespace(review):
        return _text(review.object, "name")
    if review.namespace is not None:
        return _text(review.namespace, "name")
    return _text(review.object, "namespace") or None


def _hit(tests: Sequence[Test], name: str | None, otherwise: bool) -> bool:
    return otherwise if name is None else any(test(name) for test in tests)


def _labels(obj: Object) -> Labels:
    """Labels as Kubernetes' own reader gives them: null is the empty text, one of another type spoils them all."""
    labels = mapping(mapping(obj.get("metadata")).get("labels"))
    found = {key: "" if value is None else value for key, value in labels.items()}
    return found if all(isinstance(value, str) for value in found.values()) else {}


def _text(obj: Object, field: str) -> str:
    value = mapping(obj.get("metadata")).get(field)
    return value if isinstance(value, str) else ""


def _kinds_entry(entry: Json, path: str) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """(groups, kinds); None stands for all."""
    if not isinstance(entry, Mapping):
        raise ConstraintError(f"{path}: Invalid value: {quoted(entry)}: must be an object")
    return _names(entry, "apiGroups", path), _names(entry, "kinds", path)


def _names(entry: Mapping[str, Json], field: str, path: str) -> frozenset[str] | None:
    names = entry.get(field) or []
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ConstraintError(f"{path}.{field}: Invalid value: {quoted(names)}: must be an array of strings")
    return None if not names or _ANY in names else frozenset(names)


def _wildcards(value: Json, field: str) -> Sequence[Test]:
    return [wildcard(name) for name in _list({field: value}, field) if _is_text(name, field)]


def _list(match: Json, field: str) -> Sequence[Json]:
    value = mapping(match).get(field)
    if value is not None and not isinstance(value, list | tuple):
        raise ConstraintError(f"spec.match.{field}: Invalid value: {quoted(value)}: must be an array")
    return value or ()


def _is_text(value: Json, field: str) -> bool:
    """Whether there is a text to compare with. Raises ConstraintError for a value that is no text."""
    if value is not None and not isinstance(value, str):
        raise ConstraintError(f"spec.match.{field}: Invalid value: {quoted(value)}: must be a string")
    return value is not None
