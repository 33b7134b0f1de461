"""`glob.*`: globs as OPA's library (gobwas/glob) reads and matches them."""

from __future__ import annotations

import re
from typing import Final

from constraints.rego.builtins import builtin
from constraints.rego.builtins.globcompiler import compiled
from constraints.rego.builtins.globmatchers import Matcher
from constraints.rego.builtins.globsyntax import parsed
from constraints.rego.builtins.operands import array, as_bytes, none_of, string, unfit
from constraints.rego.values.kinds import Value
from constraints.rego.values.order import type_name
from constraints.rego.values.sizes import lasting, too_deep

_SPECIAL: Final = re.compile(r"[*?\\\[\]{}]")
_DEFAULT: Final = "."


@lasting(1024)
def _matcher(pattern: str, delimiters: str) -> Matcher:
    return compiled(parsed(pattern), delimiters)


@lasting(8192)
def _matches(pattern: str, delimiters: str, text: str) -> bool:
    try:
        return _matcher(pattern, delimiters).match(as_bytes(text))
    except RecursionError as error:
        raise too_deep() from error


@builtin("glob.match", "string", "null|array[string]", "string", result="boolean")
def glob_match(pattern: Value, delimiters: Value, match: Value) -> bool:
    """Whether the text matches the glob from end to end; no delimiters mean `.`, null means none at all."""
    glob = string(pattern, 1)
    if delimiters is not None and not isinstance(delimiters, list):
        raise none_of(2, delimiters, "array", "null")
    separators = "" if delimiters is None else "".join(_runes(delimiters)) or _DEFAULT
    return _matches(glob, separators, string(match, 3))


def _runes(delimiters: Value) -> list[str]:
    for item in array(delimiters, 2):
        if not isinstance(item, str) or len(item) != 1:
            wanted = "rune" if isinstance(item, str) else "string"
            raise unfit(2, f"must be array of {wanted}s but got array containing {type_name(item)}")
    return list(delimiters)


@builtin("glob.quote_meta", "string", result="string")
def quote_meta(pattern: Value) -> str:
    """The text with a backslash before each character that means something in a glob."""
    return _SPECIAL.sub(r"\\\g<0>", string(pattern, 1))
