"""YAML as OPA reads and writes it: go-yaml's version 2, whose scalars are those of YAML 1.1, by way of JSON."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from functools import cache, cmp_to_key
from typing import Any, Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gojson import key_text
from constraints.rego.builtins.operands import from_bytes
from constraints.rego.number import number_of, number_text
from constraints.rego.sizes import fit, spend
from constraints.rego.values import RegoObject, RegoSet, Value, is_number, meets, pairs_of, too_deep

_TRUE: Final = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE: Final = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_NULL: Final = {"", "~", "null", "Null", "NULL"}
_ENDLESS: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_ENDLESS_NAMES: Final = {".inf": "+Inf", "+.inf": "+Inf", "-.inf": "-Inf", ".nan": "NaN"}
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", re.DOTALL)
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TAG: Final = "tag:yaml.org,2002:"
_CONTROL: Final = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_UNTAGGED: Final = "?"
_TOO_DEEP: Final = "yaml: exceeded max depth"
_TYPED: Final = tuple(f"{_TAG}{name}" for name in ("bool", "int", "float", "null"))
_SLOW: Final = 8  # a text of YAML takes so much longer than others
_NODE: Final = 20  # steps for what becomes a node of YAML
_PARSED: Final = 12  # steps for a character of YAML: the shortest values take two of them, and half a kilobyte
_LARGEST: Final = 1_000_000  # values that one document may have, aliases counted as often as they are used


def from_yaml(text: str) -> Value:
    """The value of the first document, null where there is none. Raises BuiltinError if it is no YAML."""
    yaml, node = compose(text)
    try:
        return None if node is None else Reading(yaml, resolve).value(node)
    except RecursionError as error:
        raise too_deep() from error


def compose(text: str) -> tuple[Any, Any]:
    """The library, and the node of the first document, None where there is none. Raises BuiltinError if it is no YAML."""
    import yaml

    spend(len(text) * _PARSED)
    try:
        return yaml, next(yaml.compose_all(text, Loader=_loader(yaml)), None)
    except yaml.MarkedYAMLError as error:
        raise BuiltinError(_mistake(yaml, error)) from error
    except yaml.reader.ReaderError as error:
        raise BuiltinError(f"yaml: {error.reason}") from error
    except RecursionError as error:
        raise too_deep() from error


@cache
def _loader(yaml: Any) -> Any:
    """A loader that leaves it to `resolve` what a plain scalar without a tag means."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is yaml.ScalarNode and implicit[0]:
                return _UNTAGGED
            return super().resolve(kind, value, implicit)

    return Loader


def _mistake(yaml: Any, error: Any) -> str:
    """In go-yaml's words; it has its own way to count lines."""
    if error.problem == "exceeded maximum nesting depth":  # libyaml 0.2.6 counts levels itself
        return _TOO_DEEP
    problem = re.sub(r"^(expected .*), but (?:got|found) .*", r"did not find \1", error.problem or "", flags=re.DOTALL)
    line = error.problem_mark.line if error.problem_mark else 0
    if line:
        line += isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark:
        line = error.context_mark.line
    return f"yaml: line {line}: {problem}" if line else f"yaml: {problem}"


class Reading:
    """Turns nodes into values; a node that an alias names again is the same value. `plain`: what plain scalars mean."""

    def __init__(self, yaml: Any, plain: Callable[[str], Value]) -> None:
        self.yaml = yaml
        self.plain = plain
        self.done: dict[int, tuple[Value, int]] = {}
        self.open: set[int] = set()
        self.count = 0

    def value(self, node: Any) -> Value:
        """The value of a node."""
        if isinstance(node, self.yaml.ScalarNode):
            self.spend(1)
            return _scalar(node, self.plain)
        known = self.done.get(id(node))
        if known:
            self.spend(known[1])
            return known[0]
        if id(node) in self.open:
            raise BuiltinError("yaml: anchor contains itself")
        before = self.count
        self.open.add(id(node))
        self.spend(1)
        made = self.sequence(node) if isinstance(node, self.yaml.SequenceNode) else self.mapping(node)
        self.open.discard(id(node))
        self.done[id(node)] = made, self.count - before
        return made

    def spend(self, amount: int) -> None:
        self.count += amount
        if self.count > _LARGEST:
            raise BuiltinError("yaml: document contains excessive aliasing")

    def sequence(self, node: Any) -> Value:
        return [self.value(item) for item in node.value]

    def mapping(self, node: Any) -> Value:
        found: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge" or (key.tag == _UNTAGGED and key.value == "<<"):
                merged = {**self.merged(item), **merged}
            else:
                found[_key(self.value(key))] = self.value(item)
        return {**merged, **found}

    def merged(self, node: Any) -> dict[str, Value]:
        values = node.value if isinstance(node, self.yaml.SequenceNode) else [node]
        found: dict[str, Value] = {}
        for one in reversed(values):
            value = self.value(one)
            if not isinstance(value, dict):
                raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
            found.update(value)
        return found


def _key(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if is_number(value):
        return number_text(value)
    raise BuiltinError("error converting YAML to JSON: unsupported map key")


def _scalar(node: Any, plain: Callable[[str], Value]) -> Value:
    if node.tag in (_UNTAGGED, *_TYPED):
        return plain(node.value)
    if node.tag == f"{_TAG}binary":
        return _binary(node.value)
    return node.value


def _binary(text: str) -> str:
    try:
        return from_bytes(base64.b64decode("".join(text.split()), validate=True))
    except ValueError as error:
        raise BuiltinError("yaml: !!binary value contains invalid base64 data") from error


def resolve(text: str) -> Value:
    """What a plain scalar means."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _ENDLESS.fullmatch(text):
        raise BuiltinError(f"json: unsupported value: {_ENDLESS_NAMES[text.lower()]}")
    if text[0] not in "+-.0123456789" or _is_date(text):
        return text
    return _number(text)


def resolve_plain(text: str) -> Value:
    """What it means to go-yaml's version 3, which takes `yes` and `off` for texts."""
    if text in (_TRUE | _FALSE) and text.lower() not in ("true", "false"):
        return text
    if text and _is_date(text):
        return f"{text}T00:00:00Z" if len(text) == 10 else text
    return resolve(text)


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def _number(text: str) -> Value:
    plain = text if text[0] == "." else text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found:
        sign, sixteen, two, eight, ten = found.groups()
        digits, base = next((part, size) for part, size in ((sixteen, 16), (two, 2), (eight, 8), (ten, 10)) if part)
        if len(digits) <= 64:
            value = int(sign + digits, base)
            if -(2**63) <= value < 2**64:
                return value
    return _float(plain) if _FLOAT.fullmatch(plain) else text


def _float(plain: str) -> Value:
    value = float(plain)
    if math.isinf(value):
        return plain
    return int(value) if value.is_integer() and abs(value) < 1e21 else number_of(repr(value))


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

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
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
            return f"{_TAG}str" if kind is yaml.ScalarNode else super().resolve(kind, value, implicit)

    return Dumper


class _NoAnchors(dict):  # type: ignore[type-arg]
    def __missing__(self, key: Any) -> None:
        return None


def _node(yaml: Any, value: Value) -> Any:
    spend(_NODE)
    meets(value)
    if isinstance(value, list | RegoSet):
        items = [_node(yaml, item) for item in value]
        return yaml.SequenceNode(f"{_TAG}seq", items, flow_style=not items)
    if isinstance(value, dict | RegoObject):
        pairs = [(key_text(key), item) for key, item in pairs_of(value)]
        pairs.sort(key=lambda pair: _KEY_ORDER(pair[0]))
        nodes = [(_string(yaml, key), _node(yaml, item)) for key, item in pairs]
        return yaml.MappingNode(f"{_TAG}map", nodes, flow_style=not nodes)
    if isinstance(value, str):
        return _string(yaml, value)
    if value is None or isinstance(value, bool):
        return yaml.ScalarNode(f"{_TAG}str", "null" if value is None else str(value).lower())
    within = isinstance(value, int) and -(2**63) <= value < 2**64
    text = number_text(value if within else float(value))
    whole = text == "-0" and number_text(value) == text  # the integer, of which the sign is lost, unlike that of -0.0
    return yaml.ScalarNode(f"{_TAG}str", "0" if whole else text)


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
    return yaml.ScalarNode(f"{_TAG}str", value, style=style)


def _means_more(text: str) -> bool:
    """Whether a plain scalar with this text would not be a string, here or in an older YAML."""
    if _ENDLESS.fullmatch(text) or _SEXAGESIMAL.fullmatch(text):
        return True
    return not isinstance(resolve(text), str) or _is_date(text)


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
