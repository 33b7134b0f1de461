"""What the expressions of one policy share: places for values, names for what they call, and their functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Final

from constraints.cel import runtime
from constraints.cel.failures import Exhausted, Failure, Panic, failed, no_overload
from constraints.cel.maps import UNSET, keyed, map_key
from constraints.cel.tally import TALLY, affix, among, different, metered, prepay, same, search, total
from constraints.cel.values import NONE, Optional, Value
from constraints.dataclass import dataclass

Slots = list[Value]
SLOTS: Final = "slots"  # what generated functions call their parameter
Code = Callable[[Slots], Value]
_UNNAMED: Final = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's place; its failure is kept in the next one.

    `steady`: only the parameters can change it; `trusted`: its value surely has its type; `adds`: it adds to the tally.
    """

    slot: int
    function: str
    steady: bool
    trusted: bool
    adds: bool


@dataclass(slots=True)
class Layout:
    """Grows while expressions are compiled.

    `inputs` are the slots of what each review brings, `variables` those of named expressions. `steady` are functions
    of slots that depend on parameters alone, in the order in which they can be computed; `read` are inputs in use.
    `price` is what all functions cost at most, but for what they add to the tally.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    settings: set[str] = field(default_factory=set)
    variables: dict[str, Variable] = field(default_factory=dict)
    steady: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    slots: Slots = field(default_factory=lambda: [0])  # the first one holds the tally: see tally.py
    price: int = 0
    scope: dict[str, Any] = field(default_factory=lambda: dict(_SCOPE))
    functions: list[ast.stmt] = field(default_factory=list)
    _named: dict[int, str] = field(default_factory=dict)
    _count: int = 0

    def place(self, value: Value = UNSET) -> int:
        """A new slot."""
        self.slots.append(value)
        return len(self.slots) - 1

    def input(self, name: str, *, setting: bool = False) -> None:
        """A name that each review gives a value; a `setting` has the same one for all reviews of a constraint."""
        self.inputs[name] = self.place(None)
        if setting:
            self.settings.add(name)

    def name(self, hint: str, value: Any) -> str:
        """The name under which generated code finds `value`."""
        found = self._named.get(id(value))
        if found is None:
            found = self._named[id(value)] = self.unused(hint)
            self.scope[found] = value
        return found

    def unused(self, hint: str) -> str:
        """A name that generated code does not use yet."""
        self._count += 1
        return f"{_UNNAMED.sub('_', hint)}_{self._count}"

    def load(self, filename: str) -> Mapping[str, Code]:
        """The functions, ready to be called; the only names that they know are those of `scope`."""
        module = ast.Module(self.functions, [])
        scope: dict[str, Any] = {**self.scope, "__builtins__": {}}
        exec(compile(module, filename, "exec", dont_inherit=True), scope)  # nodes, never text: see codegen.py
        return scope


def settled(layout: Layout, code: Mapping[str, Code], settings: Mapping[str, Value]) -> Slots:
    """The slots of one constraint: what depends on its parameters alone is computed here, unless it fails."""
    slots = list(layout.slots)
    slots[TALLY] = layout.price
    for name, value in settings.items():
        slots[layout.inputs[name]] = value
    _compute(slots, (code[name] for name in layout.steady))
    return slots


def _compute(slots: Slots, functions: Iterable[Code]) -> None:
    for function in functions:
        try:
            function(slots)
        except (Failure, Panic):
            continue  # it fails again where it is needed, and only there
        except Exhausted:
            return  # the tally says so to all reviews


_SCOPE: Final[Mapping[str, Any]] = {
    "Failure": Failure,
    "FAILURES": (Failure, Panic),
    "Panic": Panic,
    "failed": failed,
    "Exhausted": Exhausted,
    "len": len,
    **{code.__name__: code for code in (affix, among, different, metered, prepay, same, search, total)},
    "MISSES": runtime.MISSES,
    "UNSET": UNSET,
    "list": list,
    "dict": dict,
    "str": str,
    "type": type,
    "no_overload": no_overload,
    **{name: getattr(runtime, name) for name in ("each", "has", "index", "index_optional", "insert")},
    "map_key": map_key,
    "keyed": keyed,
    **{name: getattr(runtime, name) for name in ("optional_target", "pairs", "select", "unwrap_entry")},
    "NONE": NONE,
    "Optional": Optional,
}
