"""A read-only view of the referential data that policies see as `data.inventory` (compatibility, section 8.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from constraints.dataclass import dataclass
from constraints.model import Json, Object
from constraints.review import mapping


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """`tree` is the document `data.inventory`; a new inventory is a new value, so programs may remember by identity.

    `partial`: objects are missing that ought to be in it, so whoever reads it cannot be asked.
    """

    tree: Mapping[str, Json] = field(default_factory=dict)
    partial: bool = False

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Inventory:
        """`cluster[<groupVersion>][<Kind>][<name>]` and `namespace[<ns>][<groupVersion>][<Kind>][<name>]`.

        Neither is there without objects. Nothing in an object is trusted: names of a wrong type count as absent.
        """
        tree: dict[str, Json] = {}
        for item in objects:
            metadata = mapping(item.get("metadata"))
            namespace = _text(metadata, "namespace")
            root: dict[str, Any] = tree.setdefault("namespace" if namespace else "cluster", {})
            if namespace:
                root = root.setdefault(namespace, {})
            by_name = root.setdefault(_text(item, "apiVersion"), {}).setdefault(_text(item, "kind"), {})
            by_name[_text(metadata, "name")] = item
        return cls(tree)


def _text(fields: Mapping[str, Json], field: str) -> str:
    value = fields.get(field, "")
    return value if isinstance(value, str) else ""


EMPTY = Inventory()
