"""Which rules can end in a conflict error, and which terms and statements can because they ask for such rules.

An answer of no is certain; one of yes is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.termorder import TEMPLATE
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    FunctionName,
    Ref,
    Rule,
    Scalar,
    Term,
    Var,
)
from constraints.rego.values.kinds import key_of, same


class Conflicts:
    """What can end in a conflict, of the rules of one policy."""

    def __init__(self, resolved: Resolved) -> None:
        self._functions = resolved.functions
        self._calls = {f"data.{'.'.join(map(str, path))}": path for path in resolved.rules}
        self._found: set[Path] = set()
        self._above: set[Path] = set()
        self._longest = max(map(len, resolved.rules), default=0)
        for path in resolved.order:
            rules = resolved.rules.get(path, ())
            if rules and (disagree(rules) or any(map(self.within, rules))):
                self._found.add(path)
                self._above.update(path[:size] for size in range(len(path) + 1))

    def can_end_in_one(self, path: Path) -> bool:
        """Whether the rules at a path can."""
        return path in self._found

    def within(self, node: Any) -> bool:
        """Whether something in a tree can end in a conflict."""
        heads, whole = set[int](), list[Var]()
        for one in nodes_of(node):
            kind = type(one)
            if kind is Var:
                if one.name == "data":
                    whole.append(one)
            elif kind is Ref:
                head = one.head
                if type(head) is Var and head.name == "data":
                    heads.add(id(head))
                    if self._asks(one.path):
                        return True
            elif kind in _ANSWERING and self._at(one):
                return True
        return bool(self._found) and any(id(one) not in heads for one in whole)

    def _at(self, node: Any) -> bool:
        match node:
            case Call(name, (ArrayTerm(parts), *_)) if name == TEMPLATE:
                return any(map(_iterates, parts))
            case Call(name=name) | FunctionName(name):
                return self._functions.get(name, self._calls.get(name)) in self._found
            case Comprehension(kind="object", value=value):
                return not isinstance(value, Scalar)
        return False

    def _asks(self, path: tuple[Term, ...]) -> bool:
        """Whether a reference below `data` leads to such a rule, through one, or to several rules with one among
        them.
        """
        ground = tuple(_ground(path[: self._longest + 1]))
        return ground in self._above or any(ground[:size] in self._found for size in range(len(ground)))


_ANSWERING: Final = frozenset({Call, FunctionName, Comprehension})


def _ground(path: tuple[Term, ...]) -> Iterator[Any]:
    for part in path:
        if not isinstance(part, Scalar):
            return
        yield key_of(part.value)


def chain_of(rule: Rule) -> list[Rule]:
    """A definition and what its `else` says, in order."""
    chain = [rule]
    while chain[-1].else_ is not None:
        chain.append(chain[-1].else_)
    return chain


def disagree(rules: tuple[Rule, ...]) -> bool:
    """Whether definitions can have different answers for the same question."""
    plain = [rule for rule in rules if not rule.default]
    if any(not isinstance(part, Scalar) for rule in plain for part in rule.head.path):
        return True
    if answer_alike(plain) or any(rule.head.contains for rule in plain):
        return False
    return len(plain) > 1 or any(not isinstance(_answer(one), Scalar) and _iterates(one) for one in chain_of(plain[0]))


def answer_alike(rules: Sequence[Rule]) -> bool:
    """Whether definitions give the same constant, all of them, their `else`, too."""
    answers = [_answer(one) for rule in rules for one in chain_of(rule)]
    known = [answer.value for answer in answers if isinstance(answer, Scalar)]
    return len(known) == len(answers) and all(same(known[0], other) for other in known)


def _answer(rule: Rule) -> Term:
    return rule.head.value or Scalar(True)


def _iterates(node: Any) -> bool:
    """Whether there can be more than one solution."""
    return any(_is_loop(found) for found in nodes_of(node))


def _is_loop(node: Any) -> bool:
    if isinstance(node, Ref):
        return not all(isinstance(part, Scalar) for part in node.path)
    return isinstance(node, Call) and node.name == "walk"
