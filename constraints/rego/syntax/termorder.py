"""Terms with their parts changed, and the order in which OPA goes through the members of sets and objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from constraints.rego.syntax.problems import shown
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.syntax.walk import parts
from constraints.rego.values.order import order_key

SUPPORT: Final = "t#"
"""How the names of variables begin that no one wrote."""
TEMPLATE: Final = "internal.template_string"
"""The function that template strings become calls of."""

Change = Callable[[Term], Term]
OpaNames = Mapping[str, str]
"""What OPA calls variables."""

_UNKNOWN: Final[OpaNames] = {}

_RANKS: Final[dict[type, int]] = {
    TemplateString: 4,
    Var: 5,
    FunctionName: 6,
    Ref: 6,
    ArrayTerm: 7,
    ObjectTerm: 8,
    SetTerm: 9,
    Comprehension: 10,
    Call: 13,
}
"""Behind null, boolean, number and string; as in OPA's v1/ast/compare.go."""
_COMPREHENSIONS: Final = {"array": 10, "object": 11, "set": 12}


def changed(term: Term, change: Change) -> Term:
    """The term with its parts changed, those of objects and sets in OPA's order; itself when nothing did.

    Comprehensions and template strings are left alone.
    """
    if isinstance(term, Ref):
        head, path = change(term.head), _all(term.path, change)
        return term if head is term.head and path is term.path else Ref(head, path, term.span)
    if isinstance(term, Call):
        args = _all(term.args, change)
        return term if args is term.args else Call(term.name, args, term.span)
    if isinstance(term, ArrayTerm):
        items = _all(term.items, change)
        return term if items is term.items else ArrayTerm(items, term.span)
    if isinstance(term, SetTerm):
        return SetTerm(tuple([change(item) for item in in_order(term.items)]), term.span)
    if isinstance(term, ObjectTerm):
        return ObjectTerm(tuple([(change(key), change(value)) for key, value in pairs_in_order(term)]), term.span)
    return term


def _all(terms: tuple[Term, ...], change: Change) -> tuple[Term, ...]:
    found = tuple([change(term) for term in terms])  # `map` would take stack of C
    for new, old in zip(found, terms, strict=True):
        if new is not old:
            return found
    return terms


def in_order(terms: tuple[Term, ...], names: OpaNames = _UNKNOWN) -> tuple[Term, ...]:
    """The members of a set."""
    return terms if len(terms) < 2 else tuple(sorted(terms, key=lambda term: rank(term, names)))


def pairs_in_order(term: ObjectTerm, names: OpaNames = _UNKNOWN) -> tuple[tuple[Term, Term], ...]:
    """The pairs of an object by their keys."""
    texts = [key.value for key, _ in term.pairs if type(key) is Scalar and type(key.value) is str]
    if len(texts) == len(term.pairs):  # as nearly always
        return tuple([pair for _, pair in sorted(zip(texts, term.pairs, strict=True), key=itemgetter(0))])
    return term.pairs if len(term.pairs) < 2 else tuple(sorted(term.pairs, key=lambda pair: rank(pair[0], names)))


def rank(term: Term, names: OpaNames = _UNKNOWN) -> tuple[Any, ...]:
    """Python's order of these is OPA's order of terms; as far as one can tell where its names are not known."""
    if isinstance(term, Scalar):
        key = order_key(term.value)
        return (key[0], key)
    if isinstance(term, Var):
        return (5, names.get(term.name) or shown(term.name) if names else made_up(term.name))
    if isinstance(term, Comprehension):
        return (_COMPREHENSIONS[term.kind],)
    if isinstance(term, Call):
        if term.name == TEMPLATE:  # put in order when it was a template string still
            return (_RANKS[TemplateString], *(rank(part, names) for part in term.args))
        return (13, term.name, *(rank(part, names) for part in term.args))
    return (_RANKS[type(term)], *(rank(part, names) for part in parts(term)))


def made_up(name: str) -> tuple[int, int, str]:
    """The order of variables of which OPA's names are not known: those of the compiler last, as they were made."""
    if not name.startswith(SUPPORT):
        return (0, 0, name)
    rest = name.removeprefix(SUPPORT).lstrip("#")  # the first one has no number; a copy of a rule adds more to the name
    made = rest.partition("#")[0]
    return (1, int(made) if made.isdecimal() else 1, rest)
