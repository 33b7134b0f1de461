"""Rego modules of any size: each shape repeats one construct `n` times, and names what a Pod of NUM and TEXT gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

NUM: Final = 5
TEXT: Final = "k1"
REVIEW: Final[dict[str, Any]] = {
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "name": "p",
    "object": {"metadata": {"name": "p", "labels": {"a": "p"}}, "spec": {"num": NUM, "s": TEXT, "many": {"x": NUM}}},
}

_SPEC: Final = "input.review.object.spec"


def modules(n: int) -> Iterator[tuple[str, str, list[str]]]:
    """For each shape its name, a module of v0 with `n` parts, and the messages that it gives."""
    for name, (make, messages) in _SHAPES.items():
        yield name, f"package h\nimport future.keywords\n{make(n)}", messages


def _many(n: int, text: Callable[[int], str], between: str = "\n") -> str:
    return between.join(text(at) for at in range(n))


def _violation(body: str, message: str = '"m"') -> str:
    return f'violation[{{"msg": {message}}}] {{ {body} }}'


def _of_table(table: str) -> str:
    return f"t := {table}\n" + _violation(f"t[{_SPEC}.s]")


def _body(n: int, text: Callable[[int], str], first: str = "true") -> str:
    return _violation("\n".join([first, *map(text, range(n))]))


_SHAPES: Final[dict[str, tuple[Callable[[int], str], list[str]]]] = {
    "a long reference": (lambda n: _violation(f"not {_SPEC}" + ".a" * n), ["m"]),
    "a long reference into the inventory": (lambda n: _violation("not data.inventory" + ".a" * n), ["m"]),
    "a long reference by variables": (lambda n: _violation(f'i := "a"; not {_SPEC}' + "[i]" * n), ["m"]),
    "a long path of a rule": (lambda n: _violation("p" + ".a" * n) + "\np" + ".a" * n + " := 1", ["m"]),
    "an array": (
        lambda n: _violation(f"t[_] == {_SPEC}.s") + f"\nt := [{_many(n, lambda i: f'{_quoted(i)}', ', ')}]",
        ["m"],
    ),
    "a set": (lambda n: _of_table("{" + _many(n, _quoted, ", ") + "}"), ["m"]),
    "an object of objects": (
        lambda n: _of_table("{" + _many(n, lambda i: f'{_quoted(i)}: {{"a": [{i}]}}', ", ") + "}"),
        ["m"],
    ),
    "an object of variables": (
        lambda n: _violation(
            f"q := {_SPEC}.num; t := {{{_many(n, lambda i: f'{_quoted(i)}: [{i}, q]', ', ')}}}; t.k1 == [1, q]"
        ),
        ["m"],
    ),
    "an array of references": (
        lambda n: _violation(f"[{_many(n, lambda i: f'{_SPEC}.num', ', ')}][0] == {NUM}"),
        ["m"],
    ),
    "an array of sums": (
        lambda n: _violation(f"q := {_SPEC}.num; t := [{_many(n, lambda i: f'q + {i}', ', ')}]; t[1] == {NUM + 1}"),
        ["m"],
    ),
    "a pattern": (
        lambda n: _violation(
            f"[{_many(n, lambda i: f'x{i}', ', ')}] = [{_many(n, lambda i: f'{_SPEC}.num', ', ')}]; x1 == {NUM}"
        ),
        ["m"],
    ),
    "two patterns of objects": (
        lambda n: _violation(
            f"{{{_many(n, lambda i: f'{_quoted(i)}: x{i}', ', ')}}} = "
            f"{{{_many(n, lambda i: f'{_quoted(i)}: {_SPEC}.num', ', ')}}}; x1 == {NUM}"
        ),
        ["m"],
    ),
    "a membership": (lambda n: _violation(f"{_SPEC}.num in [{_many(n, str, ', ')}]"), ["m"]),
    "constants": (lambda n: _many(n, lambda i: f"c{i} := {i}") + "\n" + _violation(f"c5 == {_SPEC}.num"), ["m"]),
    "constants that are used": (
        lambda n: _many(n, lambda i: f"c{i} := {i}\n" + _violation(f"c{i} == {_SPEC}.num", f'"m{i}"')),
        ["m5"],
    ),
    "branches of else": (
        lambda n: (
            f"e = 0 {{ {_SPEC}.no }} {_many(n, lambda i: f'else = {i} {{ {_SPEC}.num == {i} }}', ' ')}\n"
            + _violation(f"e == {NUM}")
        ),
        ["m"],
    ),
    "branches of else of a function": (
        lambda n: (
            f"e(x) = 0 {{ x.no }} {_many(n, lambda i: f'else = {i} {{ x == {i} }}', ' ')}\n"
            + _violation(f"e({_SPEC}.num) == {NUM}")
        ),
        ["m"],
    ),
    "conditions": (lambda n: _body(n, lambda i: f"{_SPEC}.num != {10 + i}"), ["m"]),
    "negations": (lambda n: _body(n, lambda i: f"not {_SPEC}.k{i} == {i}"), ["m"]),
    "steps": (lambda n: _body(n, lambda i: f"x{i + 1} := x{i} + {_SPEC}.num", "x0 := 1"), ["m"]),
    "steps from the last to the first": (
        lambda n: _violation("\n".join([*[f"x{i + 1} = x{i}" for i in range(n, 0, -1)], f"x1 = {_SPEC}.num"])),
        ["m"],
    ),
    "iterations": (lambda n: _body(n, lambda i: f"{_SPEC}.many[k{i}] == {NUM}"), ["m"]),
    "iterations without names": (lambda n: _body(n, lambda i: f"{_SPEC}.many[_] == {NUM}"), ["m"]),
    "members": (lambda n: _body(n, lambda i: f"some x{i} in {_SPEC}.many"), ["m"]),
    "closures": (lambda n: _body(n, lambda i: f"x{i} := [y | y := {_SPEC}.many[_]]"), ["m"]),
    "closures over what comes before": (
        lambda n: _body(n, lambda i: f"x{i + 1} := [y | y := {_SPEC}.many[_]; x{i} != y]", "x0 := 1"),
        ["m"],
    ),
    "every": (lambda n: _body(n, lambda i: f"every x in {_SPEC}.many {{ x == {NUM} }}"), ["m"]),
    "withs": (
        lambda n: (
            f"ok {{ input.a }}\n{_violation('ok with input.a as 1' + _many(n, lambda i: f' with input.b{i} as 1', ''))}"
        ),
        ["m"],
    ),
    "violations": (lambda n: _many(n, lambda i: _violation(f"{_SPEC}.num == {i}", f'"m{i}"')), ["m5"]),
    "rules": (lambda n: _many(n, lambda i: f"r{i} {{ {_SPEC}.num == {i} }}") + "\n" + _violation("r5; not r6"), ["m"]),
    "defaults": (
        lambda n: (
            _many(n, lambda i: f"default r{i} = false\nr{i} {{ {_SPEC}.num == {i} }}") + "\n" + _violation("r5; not r6")
        ),
        ["m"],
    ),
    "rules that call each other": (
        lambda n: _violation(f"r0 == {NUM}") + "\n" + _many(n, lambda i: f"r{i} = r{i + 1}") + f"\nr{n} = {_SPEC}.num",
        ["m"],
    ),
    "functions": (
        lambda n: _many(n, lambda i: f"f{i}(x) {{ x == {i} }}\n" + _violation(f"f{i}({_SPEC}.num)", f'"m{i}"')),
        ["m5"],
    ),
    "functions that call each other": (
        lambda n: (
            _violation(f"f0({_SPEC}.num)")
            + "\n"
            + _many(n, lambda i: f"f{i}(x) {{ f{i + 1}(x) }}")
            + f"\nf{n}(x) {{ x == {NUM} }}"
        ),
        ["m"],
    ),
    "definitions of a function": (
        lambda n: _violation(f"f({_SPEC}.num)") + "\n" + _many(n, lambda i: f"f(x) {{ x == {i} }}"),
        ["m"],
    ),
    "definitions of a function for constants": (
        lambda n: _violation(f'f({_SPEC}.s) == "v1"') + "\n" + _many(n, lambda i: f'f({_quoted(i)}) = "v{i}"'),
        ["m"],
    ),
    "answers of a rule": (
        lambda n: _violation(f"c == {NUM}") + "\n" + _many(n, lambda i: f"c = {i} {{ {_SPEC}.num == {i} }}"),
        ["m"],
    ),
    "answers of a rule for texts": (
        lambda n: _violation("c == 1") + "\n" + _many(n, lambda i: f"c = {i} {{ {_SPEC}.s == {_quoted(i)} }}"),
        ["m"],
    ),
    "members of a set": (
        lambda n: _violation("s[k]", "k") + "\n" + _many(n, lambda i: f"s[{_quoted(i)}] {{ {_SPEC}.num == {i} }}"),
        ["k5"],
    ),
    "keys of an object": (
        lambda n: (
            _violation("o[k]", "k") + "\n" + _many(n, lambda i: f"o[{_quoted(i)}] = {i} {{ {_SPEC}.num == {i} }}")
        ),
        ["k5"],
    ),
    "bodies of a rule": (
        lambda n: f"ok {{ {_SPEC}.no }} {_many(n, lambda i: f'{{ {_SPEC}.num == {i} }}', ' ')}\n" + _violation("ok"),
        ["m"],
    ),
    "values of a format": (
        lambda n: _violation(
            f'q := {_SPEC}.num; m := sprintf("{"%v" * n}", [{_many(n, lambda _: "q", ", ")}]); startswith(m, "55")'
        ),
        ["m"],
    ),
    "arguments": (
        lambda n: (
            f"f({_many(n, lambda i: f'x{i}', ', ')}) {{ x1 == {NUM} }}\n"
            + _violation(f"f({_many(n, lambda _: f'{_SPEC}.num', ', ')})")
        ),
        ["m"],
    ),
    "imports": (lambda n: _many(n, lambda i: f"import data.lib.a{i} as b{i}") + "\n" + _violation("true"), ["m"]),
    "a long text": (lambda n: f's := "{"x" * 20 * n}"\n' + _violation(f"{_SPEC}.s != s"), ["m"]),
    "a text with escapes": (lambda n: 's := "' + "\\n\\u00e9" * n + '"\n' + _violation(f"{_SPEC}.s != s"), ["m"]),
    "comments": (lambda n: "# x\n" * n + _violation("true"), ["m"]),
}


def _quoted(at: int) -> str:
    return f'"k{at}"'
