"""Random modules with what the language has besides: a library, mocks, repeated and composite patterns, outputs of
calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from differential.modules import Maker, without_unused
from differential.vocabulary import KNOWN, PACKAGE, TYPES

LIBRARY = "library"
MOCKED = (("count", 1), ("upper", 1), ("startswith", 2), ("sprintf", 2), ("json.marshal", 1), ("object.get", 3))
OUTPUTS = ("count({a}, {v})", "upper({a}, {v})", "walk({a}, [{w}, {v}])", "split({a}, {a}, {v})", "plus({a}, {a}, {v})")


@dataclass
class Wider(Maker):
    """Writes two modules, of which the second uses the first."""

    imported: dict[str, int] = field(default_factory=dict)

    def modules(self) -> tuple[str, str]:
        """The library, and the module that is asked."""
        lines = [f"package {LIBRARY}", "", "import rego.v1", ""]
        made = {}
        for name in ("f", "g"):
            lines += self.function(name)
            made[name] = self.functions.pop(name)[0]
        lines += self.complete("k")
        self.rules.pop("k")
        self.imported = made
        library = without_unused("\n".join(lines) + "\n")
        lines = [f"package {PACKAGE}", "", "import rego.v1", ""]
        lines += [f"import data.{LIBRARY}", f"import data.{LIBRARY}.f as lib_f", "import input.a as shortcut", ""]
        for name in ("p", "q", "r", "s")[: 2 + self.chance.randrange(3)]:
            if self.sometimes(2):
                lines += self.function(f"f_{name}")
            lines += self.pick((self.rule, self.rule, self.nested))(name)
        return library, without_unused("\n".join(lines) + "\n")

    # rules

    def nested(self, name: str) -> list[str]:
        """Heads with several keys, and sets by a key."""
        with self.closure():
            first = self.body()
            keys = f"[{self.term('string')}][{self.term('any')}]"
            value = self.term("any")
        lines = [f"{name}{keys} := {value} if {{", *first, "}"]
        if self.sometimes(3):
            lines = []
            for _ in range(1 + self.sometimes(2)):
                with self.closure():
                    first = self.body()
                    key, value = self.term("any"), self.term("any")
                lines += [f"{name}[{key}] contains {value} if {{", *first, "}"]
        self.rules[name] = "object"
        return [*lines, ""]

    def function(self, name: str) -> list[str]:
        lines = super().function(name)
        if self.sometimes(4):
            arity, kind, _ = self.functions[name]
            lines.insert(0, f"default {name}({', '.join('_' * arity)}) := {self.literal(kind)}")
        return lines

    def pattern(self, kind: str) -> str:
        shape = self.chance.randrange(12)
        if shape == 0 and self.scope:
            return self.pick(list(self.scope))
        if shape == 1:
            return f"[{self.bound(kind)}, {super().pattern(kind)}]"
        if shape == 2:
            name = self.bound(kind)
            return f"[{name}, {name}]"
        if shape == 3:
            return f'{{"a": {super().pattern(kind)}, "b": {self.pick(("_", "1", self.bound(kind)))}}}'
        return super().pattern(kind)

    # statements

    def statement(self) -> str:
        kinds: list[Callable[[], str]] = [super().statement] * 14
        kinds += [self.mocked, self.output, self.declared, self.keyed, self.from_library, self.disjunction]
        return self.pick(kinds)()

    def mocked(self) -> str:
        """A builtin or function replaced by a value or by another one."""
        name, arity = self.pick(MOCKED)
        other = [one for one, (found, _, _) in self.functions.items() if found == arity]
        by = self.pick(other) if other and self.sometimes(2) else self.term("any")
        with self.closure():
            inner = self.pick((self.truth, self.comparison))()
        if self.rules and self.sometimes(2):
            inner = self.pick(list(self.rules))
        return f"{inner} with {name} as {by}"

    def output(self) -> str:
        """A call with its result in an argument more."""
        call = self.pick(OUTPUTS)
        while "{a}" in call:
            call = call.replace("{a}", self.reference(), 1)
        return call.replace("{w}", self.fresh()).replace("{v}", self.bound(KNOWN))

    def declared(self) -> str:
        """`some x`, then a reference that binds it."""
        start = self.reference()
        name = self.bound("any")
        return f"some {name}; {start}[{name}] {self.pick(('=', '!=', '=='))} {self.simple('any')}"

    def keyed(self) -> str:
        """A reference with a composite key, or into a term."""
        owner = self.pick((self.reference(), self.reference(), self.term(self.pick(("set", "array", "object")))))
        key = self.pick((f"[{self.simple('any')}, {self.simple('any')}]", self.simple("any"), self.simple("any"), "_"))
        return f"{self.bound(KNOWN)} := {owner}[{key}]" if owner[0] not in '"$(0123456789-' else f"{owner} != 0"

    def from_library(self) -> str:
        if not self.imported:
            return self.truth()
        name = self.pick(list(self.imported))
        path = "lib_f" if name == "f" and self.sometimes(2) else f"{LIBRARY}.{name}"
        call = f"{path}({', '.join(self.reference() for _ in range(self.imported[name]))})"
        return self.pick((f"{self.bound(KNOWN)} := {call}", f"{LIBRARY}.k == {call}", f"not {call}", "shortcut.b"))

    def disjunction(self) -> str:
        """One of the members of a literal collection."""
        members = ", ".join(self.term(self.pick(TYPES)) for _ in range(1 + self.chance.randrange(2)))
        return f"{self.bound('any')} = [{members}][_]"
