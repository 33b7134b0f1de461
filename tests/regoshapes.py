"""Rego's trees as one line of text, so that a test can say what a piece of text is parsed as.

`plus(1, mul(2, x))` is a call, `x.y[z]` a reference, `_` a wildcard; a comprehension is `set(x | body)`.
"""

from __future__ import annotations

import json
from typing import Any

from constraints.lang.source import Source
from constraints.rego.syntax.parser import parse_module, parse_query
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Module,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
)


def module(text: str, v1: bool = True) -> Module:
    """The tree of a module."""
    return parse_module(Source("policy", text), v1)


def rules(text: str, v1: bool = True) -> list[str]:
    """The shapes of the rules behind a package line."""
    return [rule_shape(rule) for rule in module(f"package p\n{text}", v1).rules]


def query(text: str, v1: bool = True) -> str:
    """The shape of a query."""
    return body_shape(parse_query(Source("query", text), v1))


def body_shape(body: Body) -> str:
    return "; ".join(map(expr_shape, body))


def expr_shape(expr: Expr) -> str:
    withs = "".join(f" with {shape(item.target)} as {shape(item.value)}" for item in expr.withs)
    return f"{'not ' if expr.negated else ''}{_statement(expr.what)}{withs}"


def _statement(what: Any) -> str:
    if isinstance(what, SomeDecl):
        return f"some {', '.join(map(shape, what.names))}"
    if isinstance(what, SomeIn):
        return f"some {_keyed(what.key, what.value)} in {shape(what.domain)}"
    if isinstance(what, Every):
        return f"every {_keyed(what.key, what.value)} in {shape(what.domain)} {{{body_shape(what.body)}}}"
    return shape(what)


def _keyed(key: Term | None, value: Term) -> str:
    return shape(value) if key is None else f"{shape(key)}, {shape(value)}"


def shape(term: Term) -> str:
    """The shape of a term."""
    if isinstance(term, Scalar):
        return json.dumps(term.value, ensure_ascii=False, default=str)
    if isinstance(term, Var):
        return "_" if term.is_wildcard else term.name
    if isinstance(term, Ref):
        return shape(term.head) + "".join(map(_access, term.path))
    if isinstance(term, Call):
        return f"{term.name}({_list(term.args)})"
    return _composite(term)


def _composite(term: Term) -> str:
    if isinstance(term, ArrayTerm):
        return f"[{_list(term.items)}]"
    if isinstance(term, SetTerm):
        return f"{{{_list(term.items)}}}" if term.items else "set()"
    if isinstance(term, ObjectTerm):
        return f"{{{', '.join(f'{shape(key)}: {shape(value)}' for key, value in term.pairs)}}}"
    if isinstance(term, Comprehension):
        key = f"{shape(term.key)}: " if term.key else ""
        return f"{term.kind}({key}{shape(term.value)} | {body_shape(term.body)})"
    assert isinstance(term, TemplateString), "the parser makes no other terms"
    return f"template({', '.join(json.dumps(part) if isinstance(part, str) else shape(part) for part in term.parts)})"


def _access(part: Term) -> str:
    if isinstance(part, Scalar) and isinstance(part.value, str) and part.value.isidentifier():
        return f".{part.value}"
    return f"[{shape(part)}]"


def _list(terms: tuple[Term, ...]) -> str:
    return ", ".join(map(shape, terms))


def rule_shape(rule: Rule) -> str:
    """`default`, the path, the arguments, what it is, its body and its `else`."""
    head = rule.head
    first, *rest = head.path
    assert isinstance(first, Scalar)
    path = first.value + "".join(map(_access, rest))
    args = f"({_list(head.args)})" if head.args is not None else ""
    what = f" contains {shape(head.key)}" if head.key else f" {':=' if head.assign else '='} {shape(head.value)}"  # type: ignore[arg-type]
    body = f" {{{body_shape(rule.body)}}}" if rule.body else ""
    other = f" else {rule_shape(rule.else_)}" if rule.else_ else ""
    return f"{'default ' if rule.default else ''}{path}{args}{what}{body}{other}"
