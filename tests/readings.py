"""Policies held to what they say that they read: nothing else in a document may change their answer."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from constraints.drivers import Program
from constraints.errors import EvaluationError, PolicyError
from constraints.inventory import EMPTY

Place = tuple[Any, ...]
_KEYS = ("a", "b", "c", "d")
_ALIEN = {"zz": {"managedFields": 1}}


def projected(value: Any, places: Iterable[Place]) -> Any:
    """The value with nothing at the places as it was but what is in them: other keys are gone, and there is a new one;
    other texts are different.
    """
    known = set(places)
    if () in known:
        return value
    if isinstance(value, dict):
        found = {key: projected(item, below) for key, item in value.items() if (below := _below(known, key))}
        return found if any(place[0] == "*" for place in known) else {**found, **_ALIEN}
    if isinstance(value, list):
        return [projected(item, below) if (below := _below(known, at)) else None for at, item in enumerate(value)]
    return f"~{value}" if isinstance(value, str) else value


def _below(places: set[Place], key: object) -> set[Place]:
    return {place[1:] for place in places if place[0] == "*" or place[0] == key}


def said(program: Program, document: dict[str, Any]) -> list[str]:
    """All that a program finds, or how it fails."""
    try:
        return [repr(finding) for finding in program(document, EMPTY)]
    except (EvaluationError, PolicyError) as error:
        return [f"{type(error).__name__}: {error}"]


def anything(chance: Random, depth: int = 0) -> Any:
    """A value of JSON."""
    if depth > 3 or chance.random() < 0.15:
        return chance.choice((1, "s", True, False, None, 2))
    if chance.random() < 0.15:
        return [anything(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    return {key: anything(chance, depth + 1) for key in _KEYS if chance.random() < 0.75}


class Passing:
    """Writes policies in Rego that pass parts of the review through functions, rules, defaults and loops."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._count = 0
        self._functions: list[tuple[str, int]] = []

    def module(self) -> str:
        """A template's code."""
        lines = ["package probe", *(line for at in range(self._chance.randint(1, 4)) for line in self._function(at))]
        roots = ["input.review", "input.review.a", "input.review.b", "input", "input.parameters"]
        for at in range(self._chance.randint(0, 2)):
            body, known = self._body(roots)
            lines.append(f"r{at}[v] {{ {body}; v := {self._term(known)} }}")
            roots.append(f"r{at}[_]")
        for _ in range(self._chance.randint(1, 2)):
            body, known = self._body(roots)
            lines.append(f'violation[{{"msg": msg}}] {{ {body}; msg := sprintf("%v", [{self._term(known)}]) }}')
        return "\n".join(lines)

    def _function(self, at: int) -> list[str]:
        arity = self._chance.randint(1, 2)
        lines = []
        for _ in range(self._chance.randint(1, 2)):
            body, known = self._body(["o", "o[k]"] if arity == 2 else ["o"])
            answer = self._chance.choice(("true", known[-1], self._term(known)))
            lines.append(f"f{at}({', '.join(('o', 'k')[:arity])}) = r {{ {body}; r := {answer} }}")
        self._functions.append((f"f{at}", arity))
        return lines

    def _body(self, roots: list[str]) -> tuple[str, list[str]]:
        """Statements, and the variables that there are behind them."""
        lines, known = [], list(roots)
        for _ in range(self._chance.randint(1, 3)):
            self._count += 1
            name, path = f"x{self._count}", self._path(known)
            kept = (
                f"{name} := {self._term(known)}",
                f"{name} := {path}[_]",
                f"some k{name}; {name} := {path}[k{name}]",
                f"{name} := [y | y := {path}[_]]",
                f"{name} := {{q | {path}[q]}}",
            )
            other = self._chance.choice(("1", "{}", "null", "true", "[]", '"s"', self._term(known)))
            tests = (self._term(known), f"not {self._term(known)}", f"{path} == {other}", f"is_object({path})")
            is_kept = self._chance.random() < 0.6
            lines.append(self._chance.choice(kept if is_kept else tests))
            known += [name] if is_kept else []
        return "; ".join(lines), known

    def _term(self, known: list[str]) -> str:
        path, drawn = self._path(known), self._chance.random()
        if drawn < 0.4:
            return path
        if drawn < 0.6:
            key = self._chance.choice(('"a"', '"b"', '["a", "b"]', '["c"]', "[]"))
            return f"object.get({path}, {key}, {self._chance.choice(('{}', '[]', '1', self._path(known)))})"
        if drawn < 0.85 and self._functions:
            name, arity = self._chance.choice(self._functions)
            return f"{name}({', '.join(self._term(known) for _ in range(arity))})"
        return self._chance.choice((f"[{path}, 1][0]", f'{{"a": {path}}}.a', f"count({path})"))

    def _path(self, known: list[str]) -> str:
        steps = (self._chance.choice((".a", ".b", ".c", '["a"]')) for _ in range(self._chance.randint(0, 2)))
        return self._chance.choice(known) + "".join(steps)


class Selecting:
    """Writes policies in CEL that select parts of objects by way of variables, choices, macros and optionals."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._count = 0
        self._variables: list[str] = []

    def source(self) -> dict[str, Any]:
        """A template's source."""
        variables = []
        for at in range(self._chance.randint(0, 3)):
            variables.append({"name": f"v{at}", "expression": self._value([], 2)})
            self._variables.append(f"variables.v{at}")
        asked = {"expression": self._test([], 3), "messageExpression": f"string({self._value([], 2)})"}
        return {"variables": variables, "validations": [asked]}

    def _path(self, names: list[str]) -> str:
        roots = ("object", "object.a", "variables.anyObject", "oldObject", *self._variables * 2, *names)
        ways = (".a", ".b", ".c", '["d"]', ".?a", '[?"b"]', "[string(object.k)]")
        return self._chance.choice(roots) + "".join(self._chance.choices(ways, k=self._chance.randint(0, 3)))

    def _value(self, names: list[str], depth: int) -> str:
        if depth <= 0 or self._chance.random() < 0.45:
            return self._path(names)
        self._count += 1
        name = f"x{self._count}"
        value, inner = self._value(names, depth - 1), self._value([*names, name], depth - 1)
        return self._chance.choice(
            (
                f"({self._test(names, depth - 1)} ? dyn({value}) : dyn({self._value(names, depth - 1)}))",
                f"dyn({value})",
                f'{{"a": {value}}}.a',
                f"{self._path(names)}.map({name}, {inner})",
                f"{self._path(names)}.filter({name}, {self._test([*names, name], depth - 1)})",
                f"{self._path(names)}.?c.optMap({name}, {inner}).orValue({self._chance.choice(('1', '{}'))})",
                f"dyn({self._path(names)}.?d.orValue(dyn({value})))",
            )
        )

    def _test(self, names: list[str], depth: int) -> str:
        path, value = self._path(names), self._value(names, depth - 1)
        if depth <= 0:
            return f"has({path}.b)"
        self._count += 1
        name = f"x{self._count}"
        return self._chance.choice(
            (
                f"has({path}.{self._chance.choice(_KEYS)})",
                f"{value} {self._chance.choice(('==', '!='))} {self._chance.choice(('null', '1', '{}', path))}",
                f'"c" in {value}',
                f"{path}.{self._chance.choice(('all', 'exists'))}({name}, {self._test([*names, name], depth - 1)})",
                f"({self._test(names, depth - 1)} && {self._test(names, depth - 1)})",
                f"size({value}) > 1",
            )
        )
