"""`semver.*`: versions as semver.org orders them, with a `v` in front or not (facts: OPA's internal/semver)."""

from __future__ import annotations

import re
from typing import Final

from constraints.dataclass import dataclass
from constraints.golang.quoting import quoted
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.values.kinds import Value

_IDENTIFIERS: Final = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 4000  # characters of a pre-release; Python converts no longer number
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}")


@dataclass(frozen=True, slots=True)
class Version:
    """Major, minor and patch, and the identifiers of a pre-release."""

    numbers: tuple[int, ...]
    prerelease: str

    def compare(self, other: Version) -> int:
        """-1, 0 or 1."""
        if self.numbers != other.numbers:
            return -1 if self.numbers < other.numbers else 1
        if self.prerelease == other.prerelease:
            return 0
        if not (self.prerelease and other.prerelease):
            return -1 if self.prerelease else 1  # a release is behind its pre-releases
        mine, others = _ranked(self.prerelease), _ranked(other.prerelease)
        return (mine > others) - (mine < others)


def _ranked(prerelease: str) -> list[tuple[int, int, str]]:
    """Identifiers in an order that Python compares: numbers before words."""
    parts = prerelease.split(".")
    return [(0, min(int(part), _LARGEST), "") if part.isdigit() else (1, 0, part) for part in parts]


def _parsed(text: str) -> Version | None:
    version, _, metadata = text.removeprefix("v").partition("+")
    version, _, prerelease = version.partition("-")
    if len(prerelease) > _LONGEST or any(part and not _IDENTIFIERS.fullmatch(part) for part in (metadata, prerelease)):
        return None
    parts = version.split(".")
    if len(parts) != 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = tuple(map(int, parts))
    return Version(numbers, prerelease) if all(-(2**63) <= one < 2**63 for one in numbers) else None


def _operand(value: Value, position: int) -> Version:
    found = _parsed(string(value, position))
    if found is None:
        raise BuiltinError(f"operand {position}: string {quoted(value)} is not a valid SemVer")
    return found


@builtin("semver.compare", "string", "string", result="number")
def semver_compare(a: Value, b: Value) -> int:
    """-1, 0 or 1."""
    string(a, 1), string(b, 2)
    return _operand(a, 1).compare(_operand(b, 2))


@builtin("semver.is_valid", "any", result="boolean")
def semver_is_valid(version: Value) -> bool:
    """Whether it is a version; false for what is no string."""
    return isinstance(version, str) and _parsed(version) is not None
