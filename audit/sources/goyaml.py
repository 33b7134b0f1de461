"""A YAML document to its value, as the readers of Kubernetes and of gator understand it.

libyaml makes the nodes, from which both of Go's YAML libraries descend, too; what a node stands for is decided here.
Two dialects are in use. Kubernetes' reader (sigs.k8s.io/yaml on go.yaml.in/yaml/v2; `kubectl`, `gator test`) follows
YAML 1.1: `yes`, `on` and `y` are booleans. gator's reader of suites (go.yaml.in/yaml/v3; `gator verify`) follows YAML
1.2: they are strings. Both read `010` as octal, leave timestamps as strings and turn keys into strings.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stubs forget it

from audit.errors import InputError
from constraints.dataclass import dataclass
from constraints.golang.quoting import quoted
from constraints.golang.utf8 import replaced
from constraints.golang.yamlscalars import (
    SIGNED,
    VERSION_2,
    VERSION_3,
    Scalar,
    float_key,
    is_moment,
    plain,
    too_aliased,
)
from constraints.model import Json

_TAG: Final = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT, _TIME = (_TAG + name for name in ("null", "bool", "int", "float", "timestamp"))
_TEXT, _BINARY, _MERGE = (_TAG + name for name in ("str", "binary", "merge"))
_PLAIN: Final = "?"  # of a scalar that has neither quotes nor a tag
_RESOLVED: Final = frozenset({_NULL, _BOOL, _INT, _FLOAT, _TIME})

_SMALL: Final = 1_000_000  # below, Go's shortest form of an integral float64 has no exponent
_TOO_DEEP: Final = "exceeded maximum nesting depth"  # libyaml counts levels since 0.2.6; before, Python's stack ended

_MAY_BE_ODD: Final = re.compile(rb"\\/|![\s,\]}]")
_LONE_TAG: Final = re.compile(r"(?:&\S*\s+)?!(?:\s|\Z)")
_SLASH: Final = re.compile(r'(?:[&!]\S*\s+)*"(?:[^\\]|\\[^/])*\\/', re.DOTALL)


class Malformed(InputError):
    """A document that cannot be read, in Go's words; `line` counts from 0, inside of the document."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class _Nodes(CParser):
    """The C parser, which leaves it to us what a scalar is."""

    def resolve(self, kind: type[yaml.Node], _value: str, implicit: Any) -> str:
        return _PLAIN if kind is yaml.ScalarNode and implicit[0] else _TEXT

    def descend_resolver(self, _parent: yaml.Node, _index: object) -> None:
        """Tags do not depend on where a node stands."""

    def ascend_resolver(self) -> None:
        """As above."""


class _Renewing(yaml.composer.Composer, _Nodes):
    """Slower, but an anchor may be defined anew, as go-yaml has it."""

    def __init__(self, text: bytes) -> None:
        _Nodes.__init__(self, text)
        yaml.composer.Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)
        elif event.anchor not in self.anchors:
            raise _wrong(f"unknown anchor '{event.anchor}' referenced")
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The plain words that are no strings, and what becomes of numbers."""

    words: Mapping[str, Scalar]
    numbers: Callable[[float], int | float]

    def load(self, text: bytes) -> Json:
        """The first document of `text`, None where there is none. Raises Malformed, RecursionError."""
        node = _first_node(text)
        if node is None:
            return None
        if b"*" in text:
            _check_aliases(node, text)
        return self._value(node)

    def _value(self, node: yaml.Node) -> Json:
        kind = type(node)
        if kind is yaml.ScalarNode:
            tag, text = node.tag, node.value
            found: Json = (
                text if tag is _TEXT else plain(text, self.words) if tag is _PLAIN else self._tagged(tag, text)
            )
            return self._number(found) if type(found) in (int, float) else found
        if kind is yaml.MappingNode:
            values: dict[str, Json] = {}
            self._fill(values, node)
            return values
        return [self._value(item) for item in node.value]

    def _fill(self, values: dict[str, Json], node: yaml.Node) -> None:
        """Add what a mapping holds in its order: a merged key hides one that came before it."""
        for key, value in node.value:
            if key.value == "<<" and key.tag in (_PLAIN, _MERGE):
                self._merge(values, value)
            else:
                name = key.value if type(key) is yaml.ScalarNode and key.tag is _TEXT else self._key(key, value)
                values[name] = self._value(value)

    def _merge(self, values: dict[str, Json], node: yaml.Node) -> None:
        merged = reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]  # earlier ones win
        for mapping in merged:
            if not isinstance(mapping, yaml.MappingNode):
                raise _wrong("map merge requires map or sequence of maps as the value", node)
            self._fill(values, mapping)

    def _key(self, node: yaml.Node, value: yaml.Node) -> str:
        """Keys become strings, as they do on the way through JSON. Raises Malformed."""
        if type(node) is not yaml.ScalarNode:
            raise _wrong("invalid map key: a collection", node)
        key = plain(node.value, self.words) if node.tag is _PLAIN else self._tagged(node.tag, node.value)
        if type(key) is str:
            return key
        if type(key) is bool:
            return "true" if key else "false"
        if type(key) is float:
            return float_key(key)
        if type(key) is int and key < SIGNED:
            return str(key)
        told = "%!s(<nil>), key: <nil>" if key is None else f"uint64, key: 0x{key:x}"
        message = f"unsupported map key of type: {told}, value: {_told(self._value(value))}"
        raise Malformed(f"error converting YAML to JSON: {message}", node.start_mark.line)

    def _tagged(self, tag: str, text: str) -> Json:
        """A scalar with a tag of its own: any but the known ones mean nothing."""
        if tag == _BINARY:
            return _binary(text)
        if tag not in _RESOLVED:
            return text
        if tag == _TIME and is_moment(text):
            return text
        found = plain(text, self.words)
        kind = _kind(found)
        if kind == tag:
            return found
        if tag == _FLOAT and type(found) is int and found < SIGNED:
            return float(found)
        raise _wrong(f"cannot decode {_short(kind)} `{text}` as a {_short(tag)}")

    def _number(self, number: float) -> int | float:
        if math.isfinite(number):
            return self.numbers(number)
        name = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
        raise Malformed(f"error converting YAML to JSON: json: unsupported value: {name}")


def _first_node(text: bytes) -> yaml.Node | None:
    """What follows the first document is not looked at. Raises Malformed, RecursionError."""
    try:
        node = _composed(text)
    except yaml.composer.ComposerError:
        node = _composed(text, _Renewing)
    if node is not None and _MAY_BE_ODD.search(text):
        _check_scalars(node, text.decode("utf-8", "replace"))
    return node


def _composed(text: bytes, parser: Callable[[bytes], Any] = _Nodes) -> yaml.Node | None:
    nodes = parser(text)
    try:
        return nodes.get_node() if nodes.check_node() else None
    except yaml.reader.ReaderError as error:
        raise _wrong(str(error.reason)) from error
    except (yaml.scanner.ScannerError, yaml.parser.ParserError) as error:
        if error.problem == _TOO_DEEP:
            raise RecursionError(_TOO_DEEP) from error
        raise _marked(error) from error
    finally:
        nodes.dispose()


def _check_scalars(node: yaml.Node, text: str) -> None:
    """What go-yaml reads otherwise than libyaml, as the text tells: a scalar behind a lone `!`, the escape `\\/`."""
    if _SLASH.match(text[node.end_mark.index :].lstrip()):  # go-yaml looks at one token more than the document has
        raise _wrong("found unknown escape character", node)
    waiting, seen = [node], {id(node)}
    while waiting:
        found = waiting.pop()
        if type(found) is not yaml.ScalarNode:
            children = [child for child in _children(found) if id(child) not in seen]
            seen.update(map(id, children))
            waiting += children
            continue
        written = text[found.start_mark.index : found.end_mark.index]
        if found.style == '"' and _SLASH.match(written):
            raise _marked(yaml.scanner.ScannerError(None, None, "found unknown escape character", found.start_mark))
        if found.tag is _PLAIN and _LONE_TAG.match(written):
            found.tag = _TEXT


def _marked(error: yaml.MarkedYAMLError) -> Malformed:
    """As go-yaml counts lines: those of the scanner from 1, those of the parser from 0."""
    line = error.problem_mark.line if error.problem_mark else 0
    told = line + isinstance(error, yaml.scanner.ScannerError) if line else 0
    if not line and error.context_mark:
        told = error.context_mark.line
    where = f"line {told}: " if told else ""
    return Malformed(f"error converting YAML to JSON: yaml: {where}{error.problem}", line)


def _wrong(problem: str, node: yaml.Node | None = None) -> Malformed:
    return Malformed(f"error converting YAML to JSON: yaml: {problem}", node.start_mark.line if node else 0)


def _check_aliases(root: yaml.Node, text: bytes) -> None:
    """Refuse a document that contains itself, or that is far larger with its aliases written out. Raises Malformed."""
    seen: set[int] = set()
    inside: set[int] = set()
    decoded = aliased = 0
    waiting: list[tuple[yaml.Node | None, int, bool]] = [(root, id(root), False)]
    while waiting:
        node, name, of_alias = waiting.pop()
        if node is None:
            inside.discard(name)
            continue
        if name in inside:
            raise _wrong(f"anchor '{_anchor(text, node)}' value contains itself", node)
        if name in seen:  # go-yaml counts the alias and what it stands for
            decoded, aliased, of_alias = decoded + 1, aliased + of_alias, True
        decoded, aliased = decoded + 1, aliased + of_alias
        if too_aliased(decoded, aliased):
            raise _wrong("document contains excessive aliasing", node)
        seen.add(name)
        if type(node) is not yaml.ScalarNode:
            inside.add(name)
            waiting.append((None, name, False))
            waiting.extend((child, id(child), of_alias) for child in reversed(_children(node)))


def _anchor(text: bytes, node: yaml.Node) -> str:
    found = re.search(r"&([\w-]*)", text.decode("utf-8", "replace")[node.start_mark.index :])
    return found[1] if found else ""


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value)


def _binary(text: str) -> str:
    """The text that base64 stands for."""
    try:
        data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("!!binary value contains invalid base64 data") from error
    return replaced(data.decode("utf-8", "surrogateescape"))


def _kind(value: Json) -> str:
    if value is None:
        return _NULL
    return {bool: _BOOL, int: _INT, float: _FLOAT}.get(type(value), _TEXT)


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG)


def _told(value: Json) -> str:
    """A scalar as Go's `%#v` has it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict | list):
        return "a collection"
    return (
        {None: "<nil>", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else f"{value:g}"
    )


def float64(value: Json) -> Json:
    """`value` with every number as gator's reader holds it: a float64, written with the fewest digits.

    An integral one below a million is an int here, since it prints as one: 3.0 is 3. From there on it is a float, which
    Rego prints with an exponent (golden/FORMAT.md): 2^53+1 is 9.007199254740992e+15. -0 stays a float.
    """
    if isinstance(value, dict):
        return {key: float64(item) for key, item in value.items()}
    if isinstance(value, list):
        return [float64(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return shortest(value)


def shortest(number: float) -> int | float:
    """One number as `float64` has it."""
    if type(number) is int:
        return number if -_SMALL < number < _SMALL else float(number)
    if number.is_integer() and -_SMALL < number < _SMALL and (number or math.copysign(1, number) > 0):
        return int(number)
    return number


def exact(number: float) -> int | float:
    """A number as it is: integers of 64 bits stay exact."""
    return number


KUBERNETES: Final = Dialect(VERSION_2, shortest)
GATOR_VERIFY: Final = Dialect(VERSION_3, exact)
