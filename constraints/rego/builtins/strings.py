"""Strings (OPA's topdown/strings.go). A position is one of characters; sprintf has a file of its own."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from constraints.golang.letters import lower_case, upper_case
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import integer, mapping, not_one_of, number, string, strings, unfit
from constraints.rego.values.bigfloat import big, truncated
from constraints.rego.values.kinds import Value
from constraints.rego.values.number import integer_text
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import SMALL, fit, fit_items, joined, look_through, scan, spend

_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_FEW_CHARACTERS: Final = 16
_FEW_PREFIXES: Final = 32
_PLACED: Final = 8  # steps to find the place of a text among many
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


@builtin("concat", "string", "array[string]|set[string]", result="string")
def concat(separator: Value, pieces: Value) -> str:
    """The pieces with the separator between them."""
    between, found = string(separator, 1), strings(pieces, 2, "set", "array")
    fit(sum(map(len, found)) + len(between) * len(found))
    return between.join(found)


@builtin("contains", "string", "string", result="boolean")
def contains(text: Value, part: Value) -> bool:
    """Whether the part is somewhere in the text."""
    return _place(string(text, 1), string(part, 2)) >= 0


def _place(text: str, part: str) -> int:
    """Where the part is first, or -1; what was looked through to find it is counted."""
    at = text.find(part)
    if len(text) > SMALL:
        spend((at if at >= 0 else len(text)) >> 6)
    return at


@builtin("startswith", "string", "string", result="boolean")
def startswith(text: Value, prefix: Value) -> bool:
    """Whether the text begins so."""
    return string(text, 1).startswith(string(prefix, 2))


@builtin("endswith", "string", "string", result="boolean")
def endswith(text: Value, suffix: Value) -> bool:
    """Whether the text ends so."""
    return string(text, 1).endswith(string(suffix, 2))


@builtin(
    "strings.any_prefix_match", "string|array[string]|set[string]", "string|array[string]|set[string]", result="boolean"
)
def any_prefix_match(texts: Value, prefixes: Value) -> bool:
    """Whether one of the texts begins with one of the prefixes."""
    return _one_begins(_texts(texts, 1), _texts(prefixes, 2))


@builtin(
    "strings.any_suffix_match", "string|array[string]|set[string]", "string|array[string]|set[string]", result="boolean"
)
def any_suffix_match(texts: Value, suffixes: Value) -> bool:
    """Whether one of the texts ends with one of the suffixes."""
    found, wanted = _texts(texts, 1), _texts(suffixes, 2)
    if len(wanted) <= _FEW_PREFIXES:
        look_through(found, 1 + (len(wanted) >> 2))
        endings = tuple(wanted)
        return any(text.endswith(endings) for text in found)
    return _one_begins([text[::-1] for text in found], [text[::-1] for text in wanted])


def _one_begins(texts: list[str], prefixes: list[str]) -> bool:
    """Whether one of the texts begins with one of the prefixes.

    Many prefixes are put in order, without those that begin with another one: the only one that a text can begin with
    is then the last one that does not come behind it.
    """
    if len(prefixes) <= _FEW_PREFIXES:
        look_through(texts, 1 + (len(prefixes) >> 2))
        beginnings = tuple(prefixes)
        return any(text.startswith(beginnings) for text in texts)
    _count_comparisons(prefixes, len(prefixes))
    _count_comparisons(texts, len(prefixes))
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return any(at and text.startswith(kept[at - 1]) for text in texts for at in (bisect_right(kept, text),))


def _count_comparisons(texts: list[str], others: int) -> None:
    """Count what it takes to find the place of each text among others in order."""
    spend(_PLACED * len(texts) + (sum(map(len, texts)) * others.bit_length() >> 6))


def _texts(value: Value, position: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    return strings(value, position, "string", "set", "array")


@builtin("strings.count", "string", "string", result="number")
def count(text: Value, part: Value) -> int:
    """How often the part is in the text, without overlaps."""
    scan(string(text, 1))
    return int(text.count(string(part, 2)))


@builtin("strings.reverse", "string", result="string")
def reverse(text: Value) -> str:
    """The last character first."""
    return string(text, 1)[::-1]


@builtin("format_int", "number", "number", result="string")
def format_int(value: Value, base: Value) -> str:
    """The integer part to the base 2, 8, 10 or 16."""
    size, radix = number(value, 1), number(base, 2)
    if type(radix) is not int or radix not in _BASES:
        raise not_one_of(2, "2", "8", "10", "16")
    integral = truncated(big(size))
    return integer_text(integral) if radix == 10 else f"{integral:{_BASES[radix]}}"


@builtin("indexof", "string", "string", result="number")
def indexof(text: Value, part: Value) -> int:
    """Where the part is first, or -1."""
    return _place(string(text, 1), _sought(part))


@builtin("indexof_n", "string", "string", result="array[number]")
def indexof_n(text: Value, part: Value) -> list[int]:
    """Everywhere where the part is, overlaps included."""
    whole, sought = string(text, 1), _sought(part)
    scan(whole)
    found: list[int] = []
    for at in _positions(whole, sought):
        found.append(at)
        fit_items(len(found))
        spend(1)
    return found


def _sought(part: Value) -> str:
    found = string(part, 2)
    if not found:
        raise BuiltinError("empty search character")
    return found


def _positions(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


@builtin("substring", "string", "number", "number", result="string")
def substring(text: Value, start: Value, length: Value) -> str:
    """So many characters from a position on; all of them when the length is negative."""
    whole, first, size = string(text, 1), integer(start, 2), integer(length, 3)
    if first < 0:
        raise BuiltinError("negative offset")
    return whole[first:] if size < 0 else whole[first : first + size]


@builtin("lower", "string", result="string")
def lower(text: Value) -> str:
    """In lower case."""
    return lower_case(string(text, 1))


@builtin("upper", "string", result="string")
def upper(text: Value) -> str:
    """In upper case."""
    return upper_case(string(text, 1))


@builtin("split", "string", "string", result="array[string]")
def split(text: Value, separator: Value) -> list[str]:
    """The pieces between separators; the characters where the separator is empty."""
    whole, mark = string(text, 1), string(separator, 2)
    scan(whole)
    fit_items(whole.count(mark))
    return whole.split(mark) if mark else list(whole)


@builtin("replace", "string", "string", "string", result="string")
def replace(text: Value, old: Value, new: Value) -> str:
    """Each `old` as `new`."""
    whole, before, after = string(text, 1), string(old, 2), string(new, 3)
    scan(whole)
    if len(after) > len(before):
        fit(len(whole) + whole.count(before) * (len(after) - len(before)))
    return whole.replace(before, after)


@builtin("strings.replace_n", "object[string:string]", "string", result="string")
def replace_n(patterns: Value, text: Value) -> str:
    """Each key of an object as its value: left to right, the first key in order where several begin, never twice."""
    news: dict[str, str] = {}
    found = mapping(patterns, 1)
    whole = string(text, 2)
    for old, new in sorted_pairs(found):
        if not isinstance(old, str):
            raise unfit(1, "non-string key found in pattern object")
        if not isinstance(new, str):
            raise unfit(1, "non-string value found in pattern object")
        news[old] = new
    return _replaced(whole, news)


def _replaced(text: str, news: dict[str, str]) -> str:
    everywhere = news.pop("", None)
    if not news:
        return text if everywhere is None else replace(text, "", everywhere)
    scan(text, 4 * len(news))  # each of them is tried at each place
    any_old = re.compile("|".join(map(re.escape, news)))
    if everywhere is None:
        fit(len(text) + sum(len(news[found[0]]) for found in any_old.finditer(text)))
        return any_old.sub(lambda found: news[found[0]], text)
    return joined(_between(text, any_old, news, everywhere))


def _between(text: str, any_old: re.Pattern[str], news: dict[str, str], everywhere: str) -> Iterator[str]:
    """With an empty key, whose value comes before each character that stays, each that goes, and the end."""
    at = 0
    while at <= len(text):
        yield everywhere
        found = any_old.match(text, at)
        yield news[found[0]] if found else text[at : at + 1]
        at = found.end() if found else at + 1


@builtin("trim", "string", "string", result="string")
def trim(text: Value, characters: Value) -> str:
    """Without these characters at both ends."""
    return string(text, 1).strip(_distinct(text, characters))


def _distinct(text: str, characters: Value) -> str:
    """The characters to be trimmed, each once, for Python looks through them at each place."""
    found = string(characters, 2)
    if len(found) > _FEW_CHARACTERS:
        scan(found, 4)
        found = "".join(set(found))
    scan(text, len(found))
    return found


@builtin("trim_left", "string", "string", result="string")
def trim_left(text: Value, characters: Value) -> str:
    """Without these characters at the beginning."""
    return string(text, 1).lstrip(_distinct(text, characters))


@builtin("trim_right", "string", "string", result="string")
def trim_right(text: Value, characters: Value) -> str:
    """Without these characters at the end."""
    return string(text, 1).rstrip(_distinct(text, characters))


@builtin("trim_prefix", "string", "string", result="string")
def trim_prefix(text: Value, prefix: Value) -> str:
    """Without this beginning."""
    return string(text, 1).removeprefix(string(prefix, 2))


@builtin("trim_suffix", "string", "string", result="string")
def trim_suffix(text: Value, suffix: Value) -> str:
    """Without this end."""
    return string(text, 1).removesuffix(string(suffix, 2))


@builtin("trim_space", "string", result="string")
def trim_space(text: Value) -> str:
    """Without Unicode's white space at both ends."""
    return string(text, 1).strip(_SPACE)
