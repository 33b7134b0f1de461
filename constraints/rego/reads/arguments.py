"""What functions are given of the review, and which places are read through their arguments.

A function's code is made once for all calls. What it reads is noted below its Argument; each call notes what is given
for it. Together they say what is read of the review:

    name_of(object) = object.metadata.name        (Argument, "metadata", "name") is looked for in it
    name_of(input.review.object)                  ("object",) is given for this Argument
                                                  ("object", "metadata", "name") is read
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from constraints.rego.names.resolved import Path
from constraints.rego.reads.places import REVIEW

DEEPEST: Final = 64
"""Parts of a path in the review that are told apart."""
ANY: Final = "*"
"""In a path: any key."""
_MOST: Final = 2_000  # places that are given for arguments; a policy that gives more may read everything

DOCUMENT: Final = object()
"""In place of a path: the whole input document, which has the review and parameters."""

Given = Mapping["Argument", Iterable[Path]]
"""Paths in the review, or below an argument of the function that calls, for each argument."""


class Argument:
    """An argument of a function, as the first part of a path: what is below it is below whatever calls give for it."""

    __slots__ = ()


def is_argument(path: Path) -> bool:
    """Whether a path begins with an Argument."""
    return len(path) > 0 and isinstance(path[0], Argument)


def places(used: Iterable[Path], steps: Iterable[Path], given: Given) -> frozenset[Path]:
    """The places that are used, and those where a walk ends; none that is below another one.

    `used` are paths whose values matter, `steps` those that are only looked for; both may begin with an Argument.
    """
    known = _known(given)
    if known is None:
        return frozenset({()})
    return _ends({*_whole(used, known)}, {*_whole(steps, known)})


def _ends(used: Iterable[Path], steps: Iterable[Path]) -> frozenset[Path]:
    on_the_way = {path[:size] for path in steps for size in range(len(path))}
    found = {*used, *(path for path in steps if path not in on_the_way)}
    return frozenset(path for path in found if not any(path[:size] in found for size in range(len(path))))


def _whole(paths: Iterable[Path], known: Mapping[Argument, Iterable[Path]]) -> Iterable[Path]:
    """The same paths from the top of the review. Nothing is below an argument that no call gives anything for."""
    for path in paths:
        if is_argument(path):
            found = (_below(start, path[1:]) for start in known.get(path[0], ()))
            yield from (place for one in found for place in _in_review(one))
        else:
            yield path


def _in_review(path: Path) -> tuple[Path, ...]:
    """The path from the top of the review, none of one that is elsewhere in the document."""
    if path[:1] != (DOCUMENT,):
        return (path,)
    if len(path) == 1:
        return ((),)
    return (path[2:],) if path[1] in (REVIEW, ANY) else ()


def _known(given: Given) -> dict[Argument, set[Path]] | None:
    """What may stand for each argument, from the top of the review; None where that is too much to follow."""
    onward: defaultdict[Argument, list[tuple[Argument, Path]]] = defaultdict(list)
    waiting: list[tuple[Argument, Path]] = []
    for argument, paths in given.items():
        for path in paths:
            if is_argument(path):
                onward[path[0]].append((argument, path[1:]))
            else:
                waiting.append((argument, path))
    found: defaultdict[Argument, set[Path]] = defaultdict(set)
    count = 0
    while waiting:
        argument, path = waiting.pop()
        if path in found[argument]:
            continue
        found[argument].add(path)
        count += 1
        if count > _MOST:
            return None
        waiting += [(other, _below(path, rest)) for other, rest in onward[argument]]
    return found


def _below(start: Path, rest: Path) -> Path:
    """What is very deep counts as what it is in."""
    return (*start, *rest)[:DEEPEST]
