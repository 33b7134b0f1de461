"""One result of a policy report, and which results are written down (pure)."""

from __future__ import annotations

import re
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from constraints.dataclass import dataclass

PASS: Final = "pass"
FAIL: Final = "fail"
WARN: Final = "warn"
ERROR: Final = "error"
SKIP: Final = "skip"
OUTCOMES: Final = (PASS, FAIL, WARN, ERROR, SKIP)
_LETTERS: Final[Mapping[str, str]] = {outcome[0]: outcome for outcome in OUTCOMES}  # no two begin alike
_WORD: Final = re.compile("[a-z][a-z2-7]{8}")
_DIGEST: Final = 5  # bytes, eight characters of base 32

Row = tuple[str, int]
"""The short name of a policy, and what stands for one result of it: it differs where what is written does."""

Rows = tuple[Row, ...]
"""All results of one object, in an order that only their content decides."""

Words = tuple[tuple[str, int], ...]
"""Words that stand for results, in order, and for how many each does."""

Since = tuple[int, int]
"""Unix seconds and nanoseconds."""


class ReportResult(NamedTuple):
    """What one constraint says of one object, but for the time; in the order of results in a report."""

    policy: str
    rule: str
    result: str
    message: str = ""
    category: str = ""
    severity: str = ""
    scored: bool = True
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def short(self) -> str:
        """The short name of its policy."""
        return short_name(f"{self.rule}/{self.policy}")


@lru_cache(maxsize=8192)
def short_name(key: str) -> str:
    """Eight characters that stand for the key of a constraint (`Kind/name`)."""
    return b32encode(blake2b(key.encode(errors="replace"), digest_size=_DIGEST).digest()).decode().lower()


@dataclass(frozen=True, slots=True)
class ReportChoice:
    """Which results make a report, and whether it lists them or only counts them.

    What is not listed is in a report as a word, the first letter of its outcome and the short name of its policy, with
    the number of results that it stands for.
    """

    kept: frozenset[str] = frozenset(OUTCOMES)
    listing: bool = True

    def lists(self, result: ReportResult) -> bool:
        """Whether it is written down whole."""
        return self.listing and result.result in self.kept

    def divided(self, results: Iterable[ReportResult]) -> tuple[list[ReportResult], Words]:
        """Those that are listed, and the words of the others."""
        listed: list[ReportResult] = []
        others: Counter[str] = Counter()
        for result in results:
            if self.lists(result):
                listed.append(result)
            else:
                others[word(result)] += 1
        return listed, tuple(sorted(others.items()))


def word(result: ReportResult) -> str:
    """What stands for a result that is only counted."""
    return result.result[0] + result.short


def outcome_of(word: str) -> str:
    """Which outcome a word counts; empty for what is no word of ours."""
    return _LETTERS.get(word[:1], "") if _WORD.fullmatch(word) else ""


def rows_of(listed: Iterable[ReportResult], words: Words) -> Rows:
    """What stands for all results of an object."""
    whole = [(result.short, hash(result)) if result.message else _of_silent(result) for result in listed]
    return tuple(sorted([*whole, *(_of_counted(*each) for each in words)]))


@lru_cache(maxsize=8192)  # most results are passes, each of which is that of thousands of objects
def _of_silent(result: ReportResult) -> Row:
    return result.short, hash(result)


@lru_cache(maxsize=8192)
def _of_counted(word: str, number: int) -> Row:
    return word[1:], hash((word[0], number))


def written(words: Words) -> str:
    """Words as a text: `fabcdefgh pabcdefgh*2`."""
    return " ".join(word if number == 1 else f"{word}*{number}" for word, number in words)


def read_words(text: str) -> Words:
    """The words of a text, without what is none."""
    found: Counter[str] = Counter()
    for part in text.split():
        word, _, number = part.partition("*")
        if outcome_of(word) and (not number or (number.isdecimal() and len(number) < 9)):
            found[word] += int(number or 1)
    return tuple(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Contents:
    """What the reports of one object say: results with the time since when they are so, and the words of others."""

    listed: tuple[tuple[ReportResult, Since], ...] = ()
    words: Words = ()

    def rows(self) -> Rows:
        """What stands for all of it."""
        return rows_of((result for result, _ in self.listed), self.words)

    def counted(self) -> Counter[str]:
        """How many results of each outcome there are."""
        return counted((result.result for result, _ in self.listed), self.words)


def counted(listed: Iterable[str], words: Words) -> Counter[str]:
    """How many results of each outcome there are, of outcomes and words."""
    found = Counter(listed)
    for each, number in words:
        found[outcome_of(each)] += number
    return found
