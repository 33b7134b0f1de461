"""YAML as OPA writes it: what go-yaml's version 2 makes of JSON."""

from __future__ import annotations

import math
import re
from functools import cmp_to_key
from typing import Any, Final

from constraints.golang.yamlscalars import SIGNED, is_moment
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gojson import key_text
from constraints.rego.builtins.goyaml import TAG, resolve
from constraints.rego.values.kinds import RegoObject, RegoSet, Value, meets
from constraints.rego.values.number import Number, number_text
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import fit, spend, too_deep

_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_CONTROL: Final = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SLOW: Final = 8  # a text of YAML takes so much longer than others
_NODE: Final = 20  # steps for what becomes a node of YAML


def to_yaml(value: Value) -> str:
    """YAML in blocks, keys sorted as go-yaml sorts them: numbers within them by their size."""
    import yaml

    try:
        made = yaml.serialize(_node(yaml, value), Dumper=_dumper(yaml), allow_unicode=True)
        return str(made).removesuffix("...\n")
    except RecursionError as error:
        raise too_deep() from error


def _dumper(yaml: Any) -> Any:
    """A dumper that writes a node as it is told: no aliases, and what is no string has no tag."""

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]  # a class of a module that came late
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def anchor_node(self, node: Any) -> None:
            self.anchors = _NoAnchors()

        def serialize_node(self, node: Any, parent: Any, index: Any) -> None:
            self.serialized_nodes: dict[Any, Any] = {}
            super().serialize_node(node, parent, index)

        def check_simple_key(self) -> bool:
            empty = isinstance(self.event, yaml.ScalarEvent) and not self.event.value
            return empty or bool(super().check_simple_key())

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            return f"{TAG}str" if kind is yaml.ScalarNode else super().resolve(kind, value, implicit)

    return Dumper


class _NoAnchors(dict[Any, None]):
    def __missing__(self, key: Any) -> None:
        return None


def _node(yaml: Any, value: Value) -> Any:
    spend(_NODE)
    meets(value)
    if isinstance(value, list | RegoSet):
        items = [_node(yaml, item) for item in value]
        return yaml.SequenceNode(f"{TAG}seq", items, flow_style=not items)
    if isinstance(value, dict | RegoObject):
        named = {_in_json(key): item for key, item in sorted_pairs(value)}  # of keys with one text the last one counts
        pairs = sorted(named.items(), key=lambda pair: _KEY_ORDER(pair[0]))
        nodes = [(_string(yaml, key), _node(yaml, item)) for key, item in pairs]
        return yaml.MappingNode(f"{TAG}map", nodes, flow_style=not nodes)
    if isinstance(value, str):
        return _string(yaml, value)
    if value is None or isinstance(value, bool):
        return yaml.ScalarNode(f"{TAG}str", "null" if value is None else str(value).lower())
    _in_json(value)
    text = _number_text(value)
    whole = text == "-0" and number_text(value) == text  # the integer, of which the sign is lost, unlike that of -0.0
    return yaml.ScalarNode(f"{TAG}str", "0" if whole else text)


def _in_json(value: Value) -> str:
    """The text of a key, or of a number. Raises BuiltinError for a number that JSON cannot have."""
    try:
        return key_text(value)
    except BuiltinError as error:
        raise BuiltinError(f"error marshaling into JSON: {error}") from error


def _number_text(value: Number) -> str:
    """What JSON's number is to YAML: an integer of 64 bits, a float, or a text where no float is as large."""
    if isinstance(value, int) and -SIGNED <= value < 2 * SIGNED:
        return number_text(value)
    try:
        nearest = float(value)
    except OverflowError:
        return number_text(value)
    return number_text(value if math.isinf(nearest) else nearest)


def _string(yaml: Any, value: str) -> Any:
    fit(len(value) * _SLOW)
    spend(_NODE + len(value) // 2)
    if _CONTROL.search(value):
        raise BuiltinError("yaml: control characters are not allowed")
    style = None
    if "\n" in value:
        style = "|"
    elif _means_more(value) or max(value) > "\uffff":
        style = '"'
    return yaml.ScalarNode(f"{TAG}str", value, style=style)


def _means_more(text: str) -> bool:
    """Whether a plain scalar with this text would not be a string, here or in an older YAML."""
    return bool(_SEXAGESIMAL.fullmatch(text)) or not isinstance(resolve(text), str) or is_moment(text)


def _before(a: str, b: str) -> bool:
    """The order of keys of go-yaml's second version: letters behind others, runs of digits by their value."""
    for place, (one, other) in enumerate(zip(a, b, strict=False)):
        if one == other:
            continue
        if one.isalpha() and other.isalpha():
            return one < other
        if one.isalpha() or other.isalpha():
            return other.isalpha()
        return _number_before(a, b, place)
    return len(a) < len(b)


def _number_before(a: str, b: str, place: int) -> bool:
    lead = ""
    if "0" in (a[place], b[place]):
        earlier = re.search(r"[0-9]*$", a[:place])
        lead = "1" if earlier and earlier[0].strip("0") else ""
    runs = [re.match("[0-9]*", text[place:]) for text in (a, b)]
    one, other = (run[0] if run else "" for run in runs)
    first, second = int(lead + one or "0"), int(lead + other or "0")
    if first != second:
        return first < second
    return len(one) < len(other) if len(one) != len(other) else a[place] < b[place]


def _compare(a: str, b: str) -> int:
    return -1 if _before(a, b) else int(_before(b, a))


_KEY_ORDER: Final = cmp_to_key(_compare)
