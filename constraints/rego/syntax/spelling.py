"""The tree as Rego text, for messages: as OPA writes terms, with operators as calls and variables as they were
named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from constraints.rego.syntax.problems import shown
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeIn,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.values.text import text

_SIGNS: Final = {"eq": "=", "assign": ":="}
_CLOSURES: Final = {"array": "[]", "set": "{}", "object": "{}"}


def term_text(term: Term) -> str:
    """One term."""
    return _SPELLINGS[type(term)](term)


def body_text(body: Body) -> str:
    """Statements with `; ` between them."""
    return "; ".join(map(statement_text, body))


def statement_text(expr: Expr) -> str:
    """One statement."""
    what = expr.what
    if isinstance(what, SomeIn):
        key = "" if what.key is None else f"{term_text(what.key)}, "
        found = f"some {key}{term_text(what.value)} in {term_text(what.domain)}"
    elif isinstance(what, Every):
        key = "" if what.key is None else f"{shown(what.key.name)}, "
        found = f"every {key}{shown(what.value.name)} in {term_text(what.domain)} {{ {body_text(what.body)} }}"
    elif isinstance(what, Call) and what.name in _SIGNS and len(what.args) == 2:
        found = f" {_SIGNS[what.name]} ".join(map(term_text, what.args))
    else:
        found = term_text(what)  # type: ignore[arg-type]  # SomeDecl is gone
    withs = "".join(f" with {term_text(one.target)} as {term_text(one.value)}" for one in expr.withs)
    return f"{'not ' if expr.negated else ''}{found}{withs}"


def _reference(ref: Ref) -> str:
    return term_text(ref.head) + "".join(map(_step, ref.path))


def _step(part: Term) -> str:
    if isinstance(part, Scalar) and isinstance(part.value, str) and part.value.isidentifier():
        return f".{part.value}"
    return f"[{term_text(part)}]"


def _listed(terms: tuple[Term, ...]) -> str:
    return ", ".join(map(term_text, terms))


def _object(term: ObjectTerm) -> str:
    return "{" + ", ".join(f"{term_text(key)}: {term_text(value)}" for key, value in term.pairs) + "}"


def _comprehension(term: Comprehension) -> str:
    closure = _CLOSURES[term.kind]
    key = "" if term.key is None else f"{term_text(term.key)}: "
    return f"{closure[0]}{key}{term_text(term.value)} | {body_text(term.body)}{closure[1]}"


def _template(term: TemplateString) -> str:
    return '$"' + "".join(part if isinstance(part, str) else f"{{{term_text(part)}}}" for part in term.parts) + '"'


_SPELLINGS: Final[dict[type, Callable[..., str]]] = {
    Scalar: lambda term: text(term.value),
    Var: lambda term: shown(term.name),
    FunctionName: lambda term: str(term.name),
    Ref: _reference,
    Call: lambda term: f"{term.name}({_listed(term.args)})",
    ArrayTerm: lambda term: f"[{_listed(term.items)}]",
    SetTerm: lambda term: f"{{{_listed(term.items)}}}" if term.items else "set()",
    ObjectTerm: _object,
    Comprehension: _comprehension,
    TemplateString: _template,
}
