"""YAML and JSON text to values, as the readers of Kubernetes and of gator understand it.

Two dialects are in use. Kubernetes' reader (sigs.k8s.io/yaml; `kubectl`, `gator test`) follows YAML 1.1: `yes`, `on` and
`y` are booleans. gator's reader of suites (go.yaml.in/yaml/v3; `gator verify`) follows YAML 1.2: they are strings. Both
read `010` as octal, leave timestamps as strings and turn every key into a string.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import yaml

from constraints.model import Json

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = 1_000_000  # below, Go's shortest form of an integral float64 has no exponent
_UNSIGNED: Final = 1 << 64
_SIGNED: Final = -(1 << 63)
_FALSE: Final = frozenset({"n", "no", "false", "off"})
_CASES: Final = "{0}|{1}|{2}"
_TOO_DEEP: Final = "exceeded maximum nesting depth"  # libyaml 0.2.6 counts levels itself; before, Python's stack ended

Rule = tuple[str, str, str]
_COMMON: Final[tuple[Rule, ...]] = (  # tag, pattern of a plain scalar, its first characters
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("merge", r"<<", "<"),
    ("int", r"[-+]?(0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)", "+-0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", "+-.0123456789"),
    ("float", r"\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)", "+-."),
)


def _words(*words: str) -> str:
    return "|".join(_CASES.format(word, word.capitalize(), word.upper()) for word in words)


_BOOLEANS_1_1: Final[Rule] = ("bool", _words("y", "yes", "true", "on", "n", "no", "false", "off"), "yYtToOnNfF")
_BOOLEANS_1_2: Final[Rule] = ("bool", _words("true", "false"), "tTfF")


class _Loader(yaml.CSafeLoader):
    """The C parser with Go's rules for plain scalars."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {}  # filled below

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Keys become strings, as they do on the way through JSON."""
        self.flatten_mapping(node)
        return {self._key(key): self.construct_object(value, deep=True) for key, value in node.value}

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a scalar", node.start_mark)
        key = self.construct_object(node)
        if isinstance(key, bool):
            return "true" if key else "false"
        return "null" if key is None else str(key)

    def whole(self, node: yaml.Node) -> Json:
        """A mapping, its values included (the base class fills it in later)."""
        return self.construct_mapping(node)  # type: ignore[arg-type]  # registered for mappings only

    def sequence(self, node: yaml.Node) -> Json:
        """A sequence, its items included."""
        return [self.construct_object(item, deep=True) for item in node.value]

    def boolean(self, node: yaml.Node) -> bool:
        """Every spelling of true and false."""
        return self._text(node).lower() not in _FALSE

    def integer(self, node: yaml.Node) -> int | float:
        """An integer of 64 bits; a larger one is a float64."""
        text = self._text(node).replace("_", "")
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text.removeprefix("+"))
        octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        try:
            value = int(sign + digits, 8) if octal else int(sign + digits, 0)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, f"not a number: {text!r}", node.start_mark) from error
        return value if _SIGNED <= value < _UNSIGNED else float(value)

    def floating(self, node: yaml.Node) -> float:
        """A finite float64; JSON has no other."""
        text = self._text(node)
        value = float(text.replace("_", "")) if text.lstrip("+-.")[:1].isdigit() else math.inf
        if not math.isfinite(value):
            raise yaml.constructor.ConstructorError(None, None, f"{text} has no JSON value", node.start_mark)
        return value

    def binary(self, node: yaml.Node) -> str:
        """The text that base64 stands for."""
        return bytes(self.construct_yaml_binary(node)).decode(errors="replace")  # type: ignore[arg-type]  # as above

    def unknown(self, node: yaml.Node) -> Json:
        """A value with a tag of its own is what it looks like; the tag means nothing here."""
        if isinstance(node, yaml.MappingNode):
            return self.whole(node)
        return self.sequence(node) if isinstance(node, yaml.SequenceNode) else self._text(node)

    def _text(self, node: yaml.Node) -> str:
        return str(node.value)


class _Kubernetes(_Loader):
    """YAML 1.1."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - declared so by its stubs; filled below


class _Gator(_Loader):
    """YAML 1.2."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - declared so by its stubs; filled below


def _prepare(loader: type[_Loader], rules: Iterable[Rule]) -> None:
    for tag, pattern, first in rules:
        for_empty = [""] if tag == "null" else []
        loader.add_implicit_resolver(_TAG + tag, re.compile(rf"(?:{pattern})\Z"), [*first, *for_empty])


def _construct(constructors: Mapping[str, Callable[[Any, yaml.Node], Json]]) -> None:
    for tag, constructor in constructors.items():
        _Loader.add_constructor(_TAG + tag, constructor)


_construct(
    {
        "null": lambda _loader, _node: None,
        "str": _Loader._text,
        "map": _Loader.whole,
        "seq": _Loader.sequence,
        "bool": _Loader.boolean,
        "int": _Loader.integer,
        "float": _Loader.floating,
        "timestamp": _Loader._text,
        "binary": _Loader.binary,
    }
)
_Loader.add_constructor(None, _Loader.unknown)  # None is how PyYAML spells "any other tag"
_prepare(_Kubernetes, (_BOOLEANS_1_1, *_COMMON))
_prepare(_Gator, (_BOOLEANS_1_2, *_COMMON))


def load_kubernetes(text: str) -> Json:
    """One YAML 1.1 document. Raises yaml.YAMLError, RecursionError."""
    return _load(text, _Kubernetes)


def load_gator(text: str) -> Json:
    """One YAML 1.2 document. Raises yaml.YAMLError, RecursionError."""
    return _load(text, _Gator)


def _load(text: str, loader: type[_Loader]) -> Json:
    try:
        return yaml.load(text, Loader=loader)
    except yaml.scanner.ScannerError as error:
        if error.problem == _TOO_DEEP:
            raise RecursionError(_TOO_DEEP) from error
        raise


def float64(value: Json) -> Json:
    """`value` with every number as gator's reader holds it: a float64, written with the fewest digits.

    An integral one below a million is an int here, since it prints as one: 3.0 is 3. From there on it is a float, which
    Rego prints with an exponent (golden/FORMAT.md): 2^53+1 is 9.007199254740992e+15.
    """
    if isinstance(value, dict):
        return {key: float64(item) for key, item in value.items()}
    if isinstance(value, list):
        return [float64(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _shortest(float(value))


def spread(value: Json, limit: int) -> int:
    """How many nodes `value` has when its aliases are written out; stops counting beyond `limit`."""
    count, waiting = 0, [value]
    while waiting and count <= limit:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return count


def _shortest(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < _PLAIN else number


def exact(value: Json) -> Json:
    """`value` as it is: integers of 64 bits stay exact."""
    return value


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the readers takes text (raises yaml.YAMLError, RecursionError) and numbers."""

    load: Callable[[str], Json]
    numbers: Callable[[Json], Json]


KUBERNETES: Final = Dialect(load_kubernetes, float64)
GATOR_VERIFY: Final = Dialect(load_gator, exact)
