"""`regex.*`: Go's regular expressions on RE2, which takes the same syntax and linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from constraints.golang.utf8 import from_bytes
from constraints.lang.weighed import Weighed
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import as_bytes, integer, string
from constraints.rego.values.kinds import Value
from constraints.rego.values.sizes import ITEM, LONG, fit, fit_items, lasting, limited, present, scan, spend, stop

Pattern = Any
Match = Any

_PROGRAM_BYTES: Final = 64 << 20  # Go has no such limit; RE2's own 8 MiB is too small for long alternations
_SMALL_PROGRAM_BYTES: Final = 1 << 20  # of a program and of what it remembers of the texts that it has seen
_COMPILING: Final = 200  # steps to compile a pattern, besides those for its length
_PATTERN_SIZE: Final = 500  # what a pattern takes besides its program, in instructions
_MATCH: Final = 10  # steps for a match
_COMPILED: Final = Weighed[str, Any](500_000)
_GO_WORDS: Final = {  # RE2's word for a mistake -> Go's (regexp/syntax)
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
_REFERENCE: Final = r"\$(?:(\$)|\{(\w+)\}|(\w+))"


def compiled(pattern: str) -> Pattern:
    """A compiled pattern, which searches bytes; BuiltinError in Go's words if it is none."""
    found = _COMPILED.get(pattern)
    if found is None:
        spend(_COMPILING + len(pattern))
        found = _compiled(pattern)
        spend(found.programsize)
        _COMPILED.put(pattern, found, _PATTERN_SIZE + found.programsize)
    return found


def _compiled(pattern: str) -> Pattern:
    import re2  # late: a shared library, and most policies have no patterns

    if r"\C" in pattern and re.search(r"(?<!\\)(?:\\\\)*\\C", pattern):
        raise BuiltinError("error parsing regexp: invalid escape sequence: `\\C`")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _SMALL_PROGRAM_BYTES
    try:
        return re2.compile(as_bytes(pattern), options)
    except re2.error:
        options.max_mem = _PROGRAM_BYTES
    try:
        return re2.compile(as_bytes(pattern), options)
    except re2.error as error:
        raise BuiltinError(_go_error(error)) from error


def _go_error(error: Exception) -> str:
    what = error.args[0] if error.args else ""
    words = from_bytes(what) if isinstance(what, bytes) else str(what)
    code, _, where = words.partition(": ")
    return f"error parsing regexp: {_GO_WORDS.get(code, code)}: `{where}`"


def search(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere; remembered, as clusters repeat themselves."""
    return _remembered(pattern, text) if len(text) <= LONG >= len(pattern) else _search(pattern, text)


def _search(pattern: str, text: str) -> bool:
    regexp = compiled(pattern)
    searched(regexp, text)
    return regexp.search(as_bytes(text)) is not None


_remembered: Final = lru_cache(maxsize=8192)(_search)


def searched(regexp: Pattern, text: str | bytes) -> None:
    """Count what it takes to look for a pattern from one end of a text to the other; RE2 always asks for all groups."""
    scan(text, 1 + (regexp.programsize * (1 + regexp.groups) >> 1))


Found = tuple[Match, int, int]
"""A match, where it begins and where it ends."""


def matches(pattern: Pattern, text: bytes) -> Iterator[Found]:
    """All matches as Go finds them: no empty one right behind another, none inside of a character."""
    end, steps = -1, present()
    searched(pattern, text)
    for match in pattern.finditer(text):
        steps.left -= _MATCH  # there may be very many: no call that can be spared
        if steps.left < 0:
            stop()
        previous = end
        start, end = match.span()
        if start == end and (start == previous or (text[start : start + 1] > b"\x7f" and text[start] < 0xC0)):
            continue
        yield match, start, end


class _Search:
    """The first matches of a pattern in a text, all of them if their number is negative."""

    def __init__(self, pattern: Value, value: Value, number: Value) -> None:
        wanted, self.value, self.count = string(pattern, 1), string(value, 2), integer(number, 3)
        self.regexp, self.text = compiled(wanted), as_bytes(self.value)

    def matches(self) -> Iterator[Found]:
        found = matches(self.regexp, self.text)
        return found if self.count < 0 else islice(found, self.count)

    def cut(self) -> Callable[[int, int], str]:
        """What gives the text between two places."""
        value, text = self.value, self.text
        if len(value) == len(text):
            return lambda start, end: value[start:end]
        if len(value.encode(errors="ignore")) == len(text):
            return lambda start, end: text[start:end].decode()
        return lambda start, end: from_bytes(text[start:end])


@builtin("regex.match", "string", "string", result="boolean")
def regex_match(pattern: Value, value: Value) -> bool:
    """Whether the pattern matches anywhere in the value."""
    return search(string(pattern, 1), string(value, 2))


@builtin("re_match", "string", "string", result="boolean")
def re_match(pattern: Value, value: Value) -> bool:
    """The old name of `regex.match`."""
    return search(string(pattern, 1), string(value, 2))


@builtin("regex.is_valid", "string", result="boolean")
def is_valid(pattern: Value) -> bool:
    """Whether it is a pattern at all; false for what is no string."""
    if not isinstance(pattern, str):
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


@builtin("regex.find_n", "string", "string", "number", result="array[string]")
def find_n(pattern: Value, value: Value, number: Value) -> list[Value]:
    """The first `number` matches, all of them if it is negative."""
    search = _Search(pattern, value, number)
    cut = search.cut()
    return limited(cut(start, end) for _, start, end in search.matches())


@builtin("regex.find_all_string_submatch_n", "string", "string", "number", result="array[array[string]]")
def find_all_string_submatch_n(pattern: Value, value: Value, number: Value) -> list[Value]:
    """The first `number` matches, each with its groups; a group that took no part is empty."""
    search = _Search(pattern, value, number)
    cut, groups = search.cut(), range(1, search.regexp.groups + 1)
    return limited(
        [cut(start, end), *[cut(*match.span(group)) for group in groups]] for match, start, end in search.matches()
    )


@builtin("regex.split", "string", "string", result="array[string]")
def split(pattern: Value, value: Value) -> list[Value]:
    """The value cut at each match, as Go's Regexp.Split with no limit."""
    text = as_bytes(string(value, 2))
    regexp = compiled(string(pattern, 1))
    if pattern and not text:
        return [""]
    pieces, start, end = [], 0, 0
    for _, end, behind in matches(regexp, text):
        if behind:
            pieces.append(text[start:end])
            fit_items(len(pieces))
        start = behind
    if end != len(text):
        pieces.append(text[start:])
    return [from_bytes(piece) for piece in pieces]


@builtin("regex.replace", "string", "string", "string", result="string")
def replace(base: Value, pattern: Value, replacement: Value) -> str:
    """Each match replaced; `$1`, `${1}` and `${name}` in the replacement are the match's groups."""
    text, template = as_bytes(string(base, 1)), string(replacement, 3)
    regexp = compiled(string(pattern, 2))
    searched(regexp, text)
    if regexp.search(text) is None:
        return string(base, 1)
    pieces, start, size = [], 0, len(text)
    for match, begins, ends in matches(regexp, text):
        scan(template, 1 + template.count("$"))
        pieces += [text[start:begins], as_bytes(_expand(template, match, regexp))]
        start = ends
        size += len(pieces[-1]) + ITEM
        fit(size)
    return from_bytes(b"".join([*pieces, text[start:]]))


def _expand(template: str, match: Match, regexp: Pattern) -> str:
    """Go's Regexp.Expand; `$` with no name behind it stays."""
    if "$" not in template:
        return template
    return re.sub(_REFERENCE, lambda found: "$" if found[1] else _group(found[2] or found[3], match, regexp), template)


def _group(name: str, match: Match, regexp: Pattern) -> str:
    index = regexp.groupindex.get(as_bytes(name))
    if name.isascii() and name.isdigit() and (name == "0" or name[0] != "0"):
        index = int(name) if len(name) < 9 else None
    if index is None or index > regexp.groups:
        return ""
    return from_bytes(match.group(index) or b"")


@builtin("regex.template_match", "string", "string", "string", "string", result="boolean")
def template_match(template: Value, value: Value, start: Value, end: Value) -> bool:
    """Whether the value matches a text with patterns between delimiters, from end to end."""
    text, subject = string(template, 1), string(value, 2)
    opening, closing = as_bytes(string(start, 3)), as_bytes(string(end, 4))
    for name, delimiter in (("start", opening), ("end", closing)):
        if len(delimiter) != 1:
            raise BuiltinError(f"{name} delimiter has to be exactly one character long but is {len(opening)} long")
    return search(_from_template(text, start, end), subject)


@lasting(512)
def _from_template(template: str, start: str, end: str) -> str:
    pieces, position = ["^"], 0
    for first, last in _delimited(template, start, end):
        inner = template[first + 1 : last - 1]
        compiled(f"^{inner}$")
        pieces.append(f"{_quoted(template[position:first])}({inner})")
        position = last
    return "".join([*pieces, _quoted(template[position:]), "$"])


def _delimited(template: str, start: str, end: str) -> Iterator[tuple[int, int]]:
    """The outermost delimited parts, each from its first character to behind its last one."""
    level = first = 0
    for position, character in enumerate(template):
        if character == start:
            level += 1
            first = position if level == 1 else first
        elif character == end:
            level -= 1
            if level == 0:
                yield first, position + 1
        if level < 0:
            break
    if level:
        raise BuiltinError(f'unbalanced braces in "{template}"')


def _quoted(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)
