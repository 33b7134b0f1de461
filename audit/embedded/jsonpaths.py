"""The JSONPath of printer columns: names, quoted names, indices, `[*]` and equality filters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import orjson

from constraints.model import Json

_STEP: Final = re.compile(
    r"\.?(?:"
    r"\[\?\(@\.(?P<field>[^=\s]+)\s*==\s*[\"'](?P<wanted>[^\"']*)[\"']\)\]"
    r"|\[[\"'](?P<quoted>[^\"']+)[\"']\]"
    r"|\[(?P<index>-?\d+|\*)\]"
    r"|(?P<name>(?:\\.|[^.\[\]\\])+))"
)
Step = tuple[str, str, str]


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """`path` as steps: (kind, name or index, wanted value)."""
    found = []
    for match in _STEP.finditer(path.strip().strip("{}")):
        kind = match.lastgroup or "name"
        if kind == "wanted":
            found.append(("filter", match["field"], match["wanted"]))
        else:
            found.append((kind, re.sub(r"\\(.)", r"\1", match[kind]), ""))
    return tuple(found)


def values(obj: Json, path: str) -> list[Json]:
    """Everything that `path` finds in `obj`."""
    found = [obj]
    for step in steps(path):
        found = [below for value in found for below in _follow(value, step)]
    return found


def _follow(value: Json, step: Step) -> Iterator[Json]:
    kind, name, wanted = step
    if kind == "filter" and isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping) and str(item.get(name)) == wanted)
    elif kind == "index" and isinstance(value, list):
        yield from value if name == "*" else value[int(name) :][:1]
    elif kind in {"name", "quoted"} and isinstance(value, Mapping) and name in value:
        yield value[name]


def first_text(obj: Json, path: str) -> Json:
    """The first value as a table cell shows it, None when there is none."""
    found = values(obj, path)
    if not found or found[0] is None:
        return None
    return found[0] if isinstance(found[0], (str, int, float, bool)) else orjson.dumps(found[0]).decode()
