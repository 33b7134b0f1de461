"""Random Rego modules and documents: mostly safe and well typed, so that most of them say something.

All choices come from one `random.Random`; hypothesis gives one that it can shrink.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from differential.vocabulary import CALLS, FORMATS, KEYS, KNOWN, NUMBERS, PACKAGE, PATTERNS, TYPES, WORDS

T = TypeVar("T")

_VARIABLE = re.compile(r"\bv\d+\b")
_DECLARED = re.compile(r"\b(?:some|every) v\d+(?:, v\d+)? in")


@dataclass
class Maker:
    """Writes one module. `scope` holds the variables that are bound, with their types; `rules` the earlier ones."""

    chance: Random
    scope: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[int, str, bool]] = field(default_factory=dict)
    made: int = 0
    depth: int = 0
    keys: int = 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.chance.randrange(len(choices))]

    def sometimes(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.chance.randrange(one_in) == one_in - 1

    def fresh(self) -> str:
        """A variable's name that was not there before."""
        self.made += 1
        return f"v{self.made}"

    @contextmanager
    def closure(self) -> Iterator[None]:
        """What is bound inside is gone afterwards."""
        before = dict(self.scope)
        self.depth += 1
        yield
        self.depth -= 1
        self.scope = before

    def module(self) -> str:
        """The whole text."""
        lines = [f"package {PACKAGE}", "", "import rego.v1", ""]
        for name in ("p", "q", "r", "s")[: 1 + self.chance.randrange(4)]:
            if self.sometimes(3):
                lines += self.function(f"f_{name}")
            lines += self.rule(name)
        return without_unused("\n".join(lines) + "\n")

    # rules

    def rule(self, name: str) -> list[str]:
        """All definitions of one rule."""
        kind = self.pick((self.complete, self.complete, self.partial_set, self.partial_object, self.deep))
        return kind(name)

    def complete(self, name: str) -> list[str]:
        lines = []
        kind = self.pick(TYPES)
        if self.sometimes(3):
            lines.append(f"default {name} := {self.literal(kind)}")
        for _ in range(1 + self.sometimes(4)):
            lines += self.defined(f"{name}", kind)
        self.rules[name] = KNOWN
        return [*lines, ""]

    def defined(self, head: str, kind: str) -> list[str]:
        with self.closure():
            body = self.body()
            value = self.pick((f" := {self.term(kind)}", f" := {self.term(kind)}", f" = {self.term(kind)}", ""))
        lines = [f"{head}{value} if {{", *body, "}"]
        while self.sometimes(4):
            with self.closure():
                body = self.body()
                lines[-1] = f"}} else := {self.term(kind)} if {{"
            lines += [*body, "}"]
        return lines

    def partial_set(self, name: str) -> list[str]:
        lines = []
        for _ in range(1 + self.sometimes(3)):
            with self.closure():
                body = self.body()
                lines += [f"{name} contains {self.term('any')} if {{", *body, "}"]
        self.rules[name] = "set"
        return [*lines, ""]

    def partial_object(self, name: str) -> list[str]:
        lines = []
        for _ in range(1 + self.sometimes(3)):
            with self.closure():
                body = self.body()
                lines += [f"{name}[{self.term('string')}] := {self.term('any')} if {{", *body, "}"]
        self.rules[name] = "object"
        return [*lines, ""]

    def deep(self, name: str) -> list[str]:
        """Rules with references as heads."""
        with self.closure():
            body = self.body()
            key, value = self.term("string"), self.term("any")
        first = [f"{name}.deep[{key}].end := {value} if {{", *body, "}"]
        with self.closure():
            second = [*self.body()]
            member = self.term("any")
        self.rules[name] = "object"
        return [*first, f"{name}.other contains {member} if {{", *second, "}", ""]

    def function(self, name: str) -> list[str]:
        arity, kind = 1 + self.chance.randrange(2), self.pick(TYPES)
        loose = not self.sometimes(6)
        lines = []
        for _ in range(1 + self.sometimes(3)):
            before, self.scope = self.scope, {}
            arguments = ", ".join(self.bound("any") if loose else self.pattern("any") for _ in range(arity))
            lines += self.defined(f"{name}({arguments})", kind)
            self.scope = before
        self.functions[name] = (arity, kind, loose)
        return [*lines, ""]

    # bodies

    def body(self) -> list[str]:
        """One to four statements, one a line."""
        count = 1 + self.chance.randrange(2 if self.depth > 1 else 3)
        return [f"{'    ' * self.depth}{self.statement()}" for _ in range(count)]

    def inline(self) -> str:
        """A short body on one line."""
        return "; ".join(self.statement() for _ in range(1 + self.sometimes(3)))

    def statement(self) -> str:
        kinds: list[Callable[[], str]] = [
            self.assignment,
            self.assignment,
            self.some_in,
            self.some_pair,
            self.iteration,
            self.unification,
            self.comparison,
            self.comparison,
            self.membership,
            self.truth,
            self.negation,
            self.replaced,
        ]
        if self.depth < 3:
            kinds += [self.every, self.comprehended]
        return self.pick(kinds)()

    def bound(self, kind: str) -> str:
        name = self.fresh()
        self.scope[name] = kind
        return name

    def assignment(self) -> str:
        kind = self.pick(TYPES)
        value = self.reference() if kind == "any" else self.term(kind)
        return f"{self.bound(kind)} := {value}"

    def some_in(self) -> str:
        domain, kind = self.collection()
        return f"some {self.bound(kind)} in {domain}"

    def some_pair(self) -> str:
        domain, kind = self.collection()
        return f"some {self.bound(kind)}, {self.bound(kind)} in {domain}"

    def iteration(self) -> str:
        start = self.reference()
        if self.sometimes(3):
            return f"{start}[_] == {self.reference()}"
        key = self.fresh()
        found = self.bound("any")
        self.scope[key] = "any"
        return f"{found} = {start}[{key}]"

    def unification(self) -> str:
        loose = not self.sometimes(6)
        value = self.reference() if loose else self.term(self.pick(("array", "object")))
        pattern = self.pattern("any" if loose else KNOWN)
        return f"{pattern} = {value}" if self.sometimes(2) else f"{value} = {pattern}"

    def pattern(self, kind: str) -> str:
        """A pattern that binds new variables."""
        shape = self.chance.randrange(4)
        if shape == 0:
            return f"[{self.bound(kind)}, {self.bound(kind)}]"
        if shape == 1:
            return f'{{"{self.pick(KEYS)}": {self.bound(kind)}}}'
        if shape == 2:
            return f"[{self.literal(self.pick(TYPES[:3]))}, {self.bound(kind)}]"
        return self.bound(kind)

    def comparison(self) -> str:
        operator = self.pick(("==", "!=", "<", "<=", ">", ">="))
        kind = self.pick(("any", "number", "string"))
        other = self.reference() if kind == "any" else self.term(kind)
        return f"{self.term(kind)} {operator} {other}"

    def membership(self) -> str:
        return f"{self.term('any')} in {self.collection()[0]}"

    def truth(self) -> str:
        return self.pick((self.reference(), self.call("boolean")))

    def negation(self) -> str:
        with self.closure():
            return f"not {self.pick((self.truth, self.comparison, self.membership))()}"

    def every(self) -> str:
        domain, kind = self.collection()
        with self.closure():
            names = ", ".join(self.bound(kind) for _ in range(1 + self.sometimes(2)))
            return f"every {names} in {domain} {{ {self.inline()} }}"

    def comprehended(self) -> str:
        value, kind = self.comprehension()
        return f"{self.bound(kind)} := {value}"

    def replaced(self) -> str:
        target = self.pick(("input", "input.a", "input.b.c", "data.made_data", "data.made_data.a"))
        with self.closure():
            value = self.literal("object") if target == "input" else self.term("any")
            read = self.pick(("input", "data.made_data", *(f"{name}" for name in self.rules)))
        what = f"{read}.{self.pick(KEYS)}" if read in ("input", "data.made_data") else read
        if self.sometimes(2):
            return f"{what} with {target} as {value}"
        return f"{self.bound(KNOWN)} := {what} with {target} as {value}"

    # terms

    def term(self, kind: str) -> str:
        """An expression of this type, as far as the compiler can know."""
        self.depth += 1
        try:
            if self.depth > 5:
                return self.simple(kind)
            return self.pick((self.simple, self.simple, self.simple, self.call, self.made_up))(kind)
        finally:
            self.depth -= 1

    def simple(self, kind: str) -> str:
        """A variable, a reference or a literal."""
        if kind == "any" and self.rules and self.sometimes(5):
            return self.pick(list(self.rules))
        variables = [name for name, found in self.scope.items() if found in (kind, "any") or kind == "any"]
        shape = self.chance.randrange(4)
        if variables and shape < 2:
            return self.pick(variables)
        return self.literal(kind) if shape == 2 else self.reference()

    def reference(self) -> str:
        """Into the input, the data, a variable or an earlier rule; its type is not known."""
        roots = ["input", "input", "data.made_data", *(name for name, kind in self.scope.items() if kind == "any")]
        root = self.pick(roots)
        if root in ("input", "data.made_data"):
            root += f".{self.pick(KEYS)}"
        return root + "".join(self.step() for _ in range(self.chance.randrange(3)))

    def step(self) -> str:
        keys = [name for name, kind in self.scope.items() if kind in ("any", "string")]
        if keys and self.sometimes(4):
            return f"[{self.pick(keys)}]"
        return f"[{self.chance.randrange(3)}]" if self.sometimes(4) else f".{self.pick(KEYS)}"

    def collection(self) -> tuple[str, str]:
        """What can be iterated over, and the type of what is in it."""
        shape = self.chance.randrange(6)
        if shape == 0 and self.rules:
            return self.pick(list(self.rules)), KNOWN
        if shape == 1 and self.depth < 3:
            return self.comprehension()[0], KNOWN
        return (self.term(self.pick(("array", "object", "set"))), KNOWN) if shape == 2 else (self.reference(), "any")

    def literal(self, kind: str) -> str:
        """A constant."""
        if kind == "any":
            kind = self.pick(TYPES[:-1])
        if kind in ("number", "string", "boolean"):
            return self.scalar(kind)
        items = [self.literal(self.pick(TYPES[:3])) for _ in range(self.chance.randrange(3))]
        if kind == "array":
            return f"[{', '.join(items)}]"
        if kind == "object":
            return f"{{{', '.join(f'{json.dumps(key)}: {item}' for key, item in zip(KEYS, items, strict=False))}}}"
        return f"{{{', '.join(items)}}}" if items else "set()"

    def scalar(self, kind: str) -> str:
        if kind == "number":
            return self.pick(NUMBERS)
        return json.dumps(self.pick(WORDS), ensure_ascii=False) if kind == "string" else self.pick(("true", "false"))

    def made_up(self, kind: str) -> str:
        """Arithmetic, set operations, composites and comprehensions."""
        if kind == "any":
            kind = self.pick(TYPES[:-1])
        if kind == "number":
            return f"({self.term('number')} {self.pick('+-*/%')} {self.term('number')})"
        if kind == "set" and self.sometimes(2):
            return f"({self.term('set')} {self.pick('&|-')} {self.term('set')})"
        if kind in ("array", "object", "set") and self.depth < 4 and self.sometimes(2):
            return self.comprehension(kind)[0]
        return self.composite(kind)

    def composite(self, kind: str) -> str:
        items = [self.term("any") for _ in range(self.chance.randrange(3))]
        if kind == "array":
            return f"[{', '.join(items)}]"
        if kind == "object":
            pairs = [f"{self.key()}: {item}" for item in items]
            return f"{{{', '.join(pairs)}}}"
        if kind == "set":
            return f"{{{', '.join(items)}}}" if items else "set()"
        return self.template() if kind == "string" else self.scalar(kind)

    def key(self) -> str:
        """A key of an object; no string with values in it: OPA's compiler breaks off at those."""
        self.keys += 1
        found = self.term("string")
        self.keys -= 1
        return found

    def template(self) -> str:
        """A string with values in it."""
        if self.keys:
            return self.scalar("string")
        return f'$"{self.pick(("", "a ", "x="))}{{{self.simple("any")}}}{self.pick(("", " b"))}"'

    def comprehension(self, kind: str = "") -> tuple[str, str]:
        kind = kind or self.pick(("array", "object", "set"))
        with self.closure():
            body = self.inline()
            value = self.term("any")
            head = f"{self.key()}: {value}" if kind == "object" else value
        brackets = "[]" if kind == "array" else "{}"
        return f"{brackets[0]}{head} | {body}{brackets[1]}", kind

    def call(self, kind: str) -> str:
        """A call of a builtin or of a function of the module."""
        functions = [name for name, (_, found, _) in self.functions.items() if found == kind or kind == "any"]
        if functions and self.sometimes(2):
            name = self.pick(functions)
            arity, _, loose = self.functions[name]
            return f"{name}({', '.join(self.term('any') if loose else self.reference() for _ in range(arity))})"
        fit = [row for row in CALLS if kind in ("any", row[0])]
        if not fit:
            return self.simple(kind)
        _, name, types = self.pick(fit)
        return f"{name}({', '.join(self.argument(wanted) for wanted in types)})"

    def argument(self, kind: str) -> str:
        special: dict[str, Callable[[], str]] = {
            "small": lambda: str(self.chance.randrange(-1, 5)),
            "base": lambda: self.pick(("2", "8", "10", "16")),
            "pattern": lambda: f'"{self.pick(PATTERNS)}"',
            "format": lambda: json.dumps(self.pick(FORMATS)),
        }
        if kind in special:
            return special[kind]()
        outer, _, inner = kind.partition(":")
        if not inner:
            return self.term(kind)
        items = ", ".join(self.term(inner) for _ in range(1 + self.chance.randrange(2)))
        return f"[{items}]" if outer == "array" else f"{{{items}}}"


def without_unused(text: str) -> str:
    """OPA refuses a variable that is declared and never read: `_` in its place."""
    counted = Counter(_VARIABLE.findall(text))

    def declared(match: re.Match[str]) -> str:
        return _VARIABLE.sub(lambda name: name[0] if counted[name[0]] > 1 else "_", match[0])

    return _DECLARED.sub(declared, text)
