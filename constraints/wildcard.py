"""Names with a star: what `namespaces`, `excludedNamespaces` and `name` of a constraint hold (compatibility, section
6).
"""

from __future__ import annotations

from collections.abc import Callable

Test = Callable[[str], bool]


def wildcard(pattern: str) -> Test:
    """`*x*` contains, `*x` ends with, `x*` begins with, else equals; a star anywhere else is a plain character."""
    leading, trailing = pattern.startswith("*"), pattern.endswith("*")
    text = pattern.removeprefix("*").removesuffix("*")
    if leading and trailing:
        return lambda name: text in name
    if leading:
        return lambda name: name.endswith(text)
    if trailing:
        return lambda name: name.startswith(text)
    return lambda name: name == pattern


def generated(pattern: str) -> Test:
    """The test of `metadata.generateName`: only patterns that end in a star can match a name that is still to grow."""
    return wildcard(pattern) if pattern.endswith("*") else lambda _name: False
