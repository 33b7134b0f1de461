"""YAML as OPA reads it: go-yaml's version 2, whose scalars are those of YAML 1.1, by way of JSON."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from constraints.golang.floats import json_number
from constraints.golang.utf8 import from_bytes
from constraints.golang.yamlscalars import SIGNED, VERSION_2, VERSION_3, float_key, is_moment, plain, too_aliased
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.kinds import Value
from constraints.rego.values.number import number_of
from constraints.rego.values.sizes import fit_items, spend, too_deep

TAG: Final = "tag:yaml.org,2002:"
_UNTAGGED: Final = "?"
_LONE_TAG: Final = re.compile(r"![\s,\]}]")
_TOO_DEEP: Final = "yaml: exceeded max depth"
_TYPED: Final = tuple(f"{TAG}{name}" for name in ("bool", "int", "float", "null", "timestamp"))
_PARSED: Final = 12  # steps for a character of YAML: the shortest values take two of them, and half a kilobyte


def from_yaml(text: str) -> Value:
    """The value of the first document, null where there is none. Raises BuiltinError if it is no YAML."""
    yaml, node = compose(text)
    try:
        return None if node is None else Reading(yaml, resolve, text).document(node)
    except RecursionError as error:
        raise too_deep() from error


def compose(text: str) -> tuple[Any, Any]:
    """The library, and the node of the first document, None where there is none. Raises BuiltinError if it is no
    YAML.
    """
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

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # a class of a module that came late
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

    def __init__(self, yaml: Any, plain: Callable[[str], Value], text: str = "") -> None:
        self.yaml = yaml
        self.plain = plain
        self.text = text if _LONE_TAG.search(text) else ""
        self.endless = False
        self.done: dict[int, tuple[Value, int]] = {}
        self.open: set[int] = set()
        self.counted = Counted()

    def document(self, node: Any) -> Value:
        """The value of a document. Raises BuiltinError for an infinity or NaN in it that no later key hides."""
        found = self.value(node)
        if self.endless:
            _no_endless(found, set())
        return found

    def value(self, node: Any) -> Value:
        """The value of a node."""
        if isinstance(node, self.yaml.ScalarNode):
            self.counted.add(1)
            found = self.scalar(node)
            self.endless |= _is_endless(found)
            return as_json(found)
        known = self.done.get(id(node))
        if known:
            self.counted.add_again(known[1])
            return known[0]
        if id(node) in self.open:
            raise BuiltinError("yaml: anchor contains itself")
        before = self.counted.decoded
        self.open.add(id(node))
        self.counted.add(1)
        made = self.sequence(node) if isinstance(node, self.yaml.SequenceNode) else self.mapping(node)
        self.open.discard(id(node))
        self.done[id(node)] = made, self.counted.decoded - before
        return made

    def sequence(self, node: Any) -> Value:
        return [self.value(item) for item in node.value]

    def mapping(self, node: Any) -> Value:
        """What a mapping holds in its order: a merged key hides one that came before it."""
        found: dict[str, Value] = {}
        for key, item in node.value:
            if key.value == "<<" and key.tag in (_UNTAGGED, f"{TAG}merge"):
                self.merge(found, item)
            else:
                found[self.key(key)] = self.value(item)
        return found

    def key(self, node: Any) -> str:
        if not isinstance(node, self.yaml.ScalarNode):
            raise BuiltinError("yaml: invalid map key")
        self.counted.add(1)
        return _key(self.scalar(node))

    def scalar(self, node: Any) -> Value:
        """What a scalar is: a text, null, a boolean, an int, or any float."""
        if node.tag == f"{TAG}binary":
            return _binary(node.value)
        if node.tag in _TYPED:
            return _tagged(node, self.plain)
        return node.value if node.tag != _UNTAGGED or self.is_lone(node) else self.plain(node.value)

    def is_lone(self, node: Any) -> bool:
        """Whether it stands behind a `!` of its own, which makes it a text: libyaml's node does not tell."""
        return bool(self.text) and self.text[node.start_mark.index] == "!"

    def merge(self, found: dict[str, Value], node: Any) -> None:
        for one in reversed(node.value) if isinstance(node, self.yaml.SequenceNode) else [node]:
            if not isinstance(one, self.yaml.MappingNode):
                raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
            found.update(self.value(one))


class Counted:
    """How many nodes were decoded, and how many of them because of aliases: go-yaml bounds their share."""

    def __init__(self) -> None:
        self.decoded = self.aliased = 0

    def add(self, nodes: int) -> None:
        """Nodes that stand there themselves."""
        self.decoded += nodes
        fit_items(self.decoded)

    def add_again(self, nodes: int) -> None:
        """What an alias stands for. Raises BuiltinError when aliases make too much of the document."""
        self.aliased += nodes
        spend(nodes >> 3)
        self.add(nodes + 1)
        if too_aliased(self.decoded, self.aliased):
            raise BuiltinError("yaml: document contains excessive aliasing")


def _key(value: Value) -> str:
    """As sigs.k8s.io/yaml makes a text of a key: floats with the digits that 32 bits need."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value < SIGNED:
        return str(value)
    if isinstance(value, float):
        return float_key(value)
    raise BuiltinError("error converting YAML to JSON: unsupported map key")


def _tagged(node: Any, plain: Callable[[str], Value]) -> Value:
    if node.tag == f"{TAG}timestamp" and is_moment(node.value):
        return node.value
    found = plain(node.value)
    kind = TAG + {type(None): "null", bool: "bool", int: "int", float: "float"}.get(type(found), "str")
    if kind == node.tag:
        return found
    if node.tag == f"{TAG}float" and type(found) is int and found < SIGNED:
        return float(found)
    raise BuiltinError(
        f"yaml: cannot decode !!{kind.removeprefix(TAG)} `{node.value}` as a !!{node.tag.removeprefix(TAG)}"
    )


def _binary(text: str) -> str:
    try:
        return from_bytes(base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True))
    except ValueError as error:
        raise BuiltinError("yaml: !!binary value contains invalid base64 data") from error


def resolve(text: str) -> Value:
    """What a plain scalar is: null, a boolean, an int, any float, or a text."""
    return plain(text, VERSION_2)


def resolve_plain(text: str) -> Value:
    """What it is to go-yaml's version 3, which takes `yes` and `off` for texts."""
    if is_moment(text):
        return f"{text}T00:00:00Z" if len(text) == 10 else text
    return plain(text, VERSION_3)


def as_json(value: Value) -> Value:
    """A scalar with a float as Go's JSON writes it."""
    return number_of(json_number(value)) if type(value) is float and math.isfinite(value) else value


def _is_endless(value: Value) -> bool:
    return type(value) is float and not math.isfinite(value)


def _no_endless(value: Value, seen: set[int]) -> None:
    if _is_endless(value):
        name = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise BuiltinError(f"json: unsupported value: {name}")
    if isinstance(value, dict | list) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            _no_endless(item, seen)
