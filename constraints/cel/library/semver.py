"""Versions by semver.org, read as blang/semver does."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.values import INT_MAX, UINT_MAX, Opaque
from constraints.dataclass import dataclass

_PARTS: Final = ("major", "minor", "patch")
_WORD: Final = re.compile(r"[0-9A-Za-z-]+\Z", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Semver(Opaque):
    """`build` never counts when versions are compared."""

    type_name: ClassVar[str] = "kubernetes.Semver"
    numbers: tuple[int, int, int]
    pre: tuple[int | str, ...]
    build: tuple[str, ...]

    @property
    def order(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        """What versions are compared by: a pre-release comes first, numbers come before words."""
        words = [(isinstance(word, str), 0 if isinstance(word, str) else word, str(word)) for word in self.pre]
        return self.numbers, not self.pre, words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.order == other.order

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __str__(self) -> str:
        text = ".".join(map(str, self.numbers))
        text += f"-{'.'.join(map(str, self.pre))}" if self.pre else ""
        return text + (f"+{'.'.join(self.build)}" if self.build else "")


def parse(text: str) -> Semver:
    """Raises Failure."""
    if not text:
        raise Failure("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise Failure("No Major.Minor.Patch elements found")
    rest, plus, build = parts[2].partition("+")
    patch, dash, pre = rest.partition("-")
    numbers = [_number(part, name) for part, name in zip((*parts[:2], patch), _PARTS, strict=True)]
    words = tuple(_pre(word) for word in pre.split(".")) if dash else ()
    builds = tuple(_build(word) for word in build.split(".")) if plus else ()
    return Semver((numbers[0], numbers[1], numbers[2]), words, builds)


def _number(text: str, name: str) -> int:
    if not re.fullmatch("[0-9]*", text, re.ASCII):
        raise Failure(f'Invalid character(s) found in {name} number "{text}"')
    if len(text) > 1 and text[0] == "0":
        raise Failure(f'{name.capitalize()} number must not contain leading zeroes "{text}"')
    return _unsigned(text)


def _unsigned(text: str) -> int:
    if not text:
        raise Failure('strconv.ParseUint: parsing "": invalid syntax')
    if len(text) > 20 or int(text) > UINT_MAX:
        raise Failure(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _pre(word: str) -> int | str:
    if not word:
        raise Failure("Prerelease is empty")
    if _DIGITS.match(word):
        if len(word) > 1 and word[0] == "0":
            raise Failure(f'Numeric PreRelease version must not contain leading zeroes "{word}"')
        return _unsigned(word)
    if not _WORD.match(word):
        raise Failure(f'Invalid character(s) found in prerelease "{word}"')
    return word


def _build(word: str) -> str:
    if not word:
        raise Failure("Build meta data is empty")
    if not _WORD.match(word):
        raise Failure(f'Invalid character(s) found in build meta data "{word}"')
    return word


def _stripped(part: str) -> str:
    rest = part.lstrip("0")
    return rest if rest and rest[0].isascii() and rest[0].isdigit() else f"0{rest}"


def normalized(text: str) -> str:
    """Without `v`, with missing parts filled in and without leading zeros."""
    parts = text.removeprefix("v").split(".", 2)
    parts = [_stripped(part) if len(part.encode()) > 1 else part for part in parts]
    if len(parts) < 3:
        if "+" in parts[-1] or "-" in parts[-1]:
            raise Failure("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


@function("semver(string) -> kubernetes.Semver", "semver(string, bool) -> kubernetes.Semver")
def semver(text: str, normalize: bool = False) -> Semver:
    """The version of that text, tolerant when asked to."""
    if normalize and not text:
        return parse(_unparsable())
    return parse(normalized(text) if normalize else text)


def _unparsable() -> str:
    raise Failure('strconv.ParseUint: parsing "": invalid syntax')


@function("isSemver(string) -> bool", "isSemver(string, bool) -> bool")
def is_semver(text: str, normalize: bool = False) -> bool:
    """Whether the text is a version."""
    try:
        semver(text, normalize)
    except Failure:
        return False
    return True


def _part(place: int) -> None:
    @method(f"kubernetes.Semver.{_PARTS[place]}() -> int")
    def part(value: Semver) -> int:
        number = value.numbers[place]
        return number if number <= INT_MAX else number - UINT_MAX - 1


for _place in range(3):
    _part(_place)


@method("kubernetes.Semver.compareTo(kubernetes.Semver) -> int")
def compare_to(value: Semver, other: Semver) -> int:
    """-1, 0 or 1."""
    return (value.order > other.order) - (value.order < other.order)


@method("kubernetes.Semver.isGreaterThan(kubernetes.Semver) -> bool")
def is_greater_than(value: Semver, other: Semver) -> bool:
    """Whether it is later."""
    return value.order > other.order


@method("kubernetes.Semver.isLessThan(kubernetes.Semver) -> bool")
def is_less_than(value: Semver, other: Semver) -> bool:
    """Whether it is earlier."""
    return value.order < other.order
