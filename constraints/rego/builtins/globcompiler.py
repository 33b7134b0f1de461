"""Makes matchers of the tree of a glob, as gobwas/glob does: what it simplifies, and how it takes a pattern apart, says
which texts match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constraints.rego.builtins.globcombined import AnyOf, BTree, EveryOf, Row, alternatives, tree
from constraints.rego.builtins.globmatchers import (
    ANY_LENGTH,
    Any,
    Contains,
    Matcher,
    Max,
    Min,
    Nothing,
    One,
    Prefix,
    PrefixSuffix,
    Range,
    Single,
    Suffix,
    SuffixAny,
    Super,
    Text,
    text_matcher,
)
from constraints.rego.builtins.globsyntax import Node
from constraints.rego.values.sizes import spend

_NOTHING: Final = Node("nothing")


def compiled(node: Node, separators: str) -> Matcher:
    """The matcher of a tree."""
    spend(10)
    if node.kind == "any of":
        simpler = _without_common_parts(node)
        if simpler is not None:
            return compiled(simpler, separators)
        return alternatives(_all(node.children, separators))
    return _optimized(_part(node, separators))


def _part(node: Node, separators: str) -> Matcher:
    if node.kind == "pattern":
        if not node.children:
            return Nothing()
        return _joined(_minimized(_all(node.children, separators)))
    if node.kind == "text":
        return text_matcher(node.value.encode("utf-8", "replace"))
    if node.kind == "list":
        return One(node.value, node.negated)
    if node.kind == "range":
        return Range(node.value, node.negated)
    if node.kind == "any":
        return Any(separators)
    if node.kind == "single":
        return Single(separators, negated=True)
    return Super() if node.kind == "super" else Nothing()


def _all(nodes: Sequence[Node], separators: str) -> list[Matcher]:
    return [_optimized(compiled(one, separators)) for one in nodes]


def _optimized(matcher: Matcher) -> Matcher:
    if isinstance(matcher, Any) and not matcher.separators:
        return Super()
    if isinstance(matcher, AnyOf) and len(matcher.matchers) == 1:
        return matcher.matchers[0]
    if type(matcher) is One and not matcher.negated and len(matcher.members) == 1:
        return text_matcher(matcher.members.encode("utf-8", "replace"))
    if not isinstance(matcher, BTree):
        return matcher
    left, right = [None if one is None else _optimized(one) for one in (matcher.left, matcher.right)]
    simpler = _simpler(left, matcher.value, right) if isinstance(matcher.value, Text) else None
    return simpler or BTree(matcher.value, left, right, *matcher.lengths())


def _simpler(left: Matcher | None, middle: Text, right: Matcher | None) -> Matcher | None:
    """The one matcher for a text with what is around it, where there is one."""
    text = middle.text
    match left, right:
        case None, None:
            return text_matcher(text)
        case Super(), Super():
            return Contains(text)
        case Super(), None:
            return Suffix(text)
        case None, Super():
            return Prefix(text)
        case None, Suffix(suffix):
            return PrefixSuffix(text, suffix)
        case Prefix(prefix, ""), None:
            return PrefixSuffix(prefix, text)
        case Any(separators), None:
            return SuffixAny(text, separators)
        case None, Any(separators):
            return Prefix(text, separators)
    return None


def _joined(matchers: Sequence[Matcher]) -> Matcher:
    """One matcher for some that stand one behind the other."""
    if len(matchers) == 1:
        return matchers[0]
    glued = _glued(matchers)
    if glued is not None:
        return glued
    longest = max(one.length for one in matchers)
    if longest == ANY_LENGTH:
        return tree(matchers[0], None, _joined(matchers[1:]))
    at = max(number for number, one in enumerate(matchers) if one.length == longest)
    left = _joined(matchers[:at]) if at else None
    right = _joined(matchers[at + 1 :]) if at + 1 < len(matchers) else None
    return tree(matchers[at], left, right)


def _minimized(matchers: Sequence[Matcher]) -> Sequence[Matcher]:
    """With the longest stretch of neighbours that can be one matcher as one, and so on."""
    while True:
        found = _longest_glued(matchers)
        if found is None:
            return matchers
        glued, left, right = found
        matchers = [*matchers[:left], glued, *matchers[right:]]


def _longest_glued(matchers: Sequence[Matcher]) -> tuple[Matcher, int, int] | None:
    best: tuple[Matcher, int, int] | None = None
    for left in range(len(matchers)):
        for right in range(len(matchers), left + 1, -1):
            glued = _glued(matchers[left:right])
            if glued is not None and (best is None or _is_better(glued, right - left, best)):
                best = glued, left, right
    return best


def _is_better(glued: Matcher, count: int, best: tuple[Matcher, int, int]) -> bool:
    return ANY_LENGTH < best[0].length < glued.length or count > best[2] - best[1]


def _glued(matchers: Sequence[Matcher]) -> Matcher | None:
    """The one matcher for some that stand one behind the other, where there is one."""
    spend(len(matchers))
    return _glued_as_every(matchers) or _glued_as_row(matchers)


def _glued_as_row(matchers: Sequence[Matcher]) -> Matcher | None:
    lengths = [one.length for one in matchers]
    return None if ANY_LENGTH in lengths else Row(tuple(matchers), sum(lengths))


def _glued_as_every(matchers: Sequence[Matcher]) -> Matcher | None:
    """For those of which each is any text, or any character, all with the same exceptions."""
    exceptions = {_exceptions(one) for one in matchers}
    if None in exceptions or len(exceptions) > 1:
        return None
    separators = exceptions.pop() or ""
    count = sum(isinstance(one, One) for one in matchers)
    has_any, has_super = (any(isinstance(one, kind) for one in matchers) for kind in (Any, Super))
    if not count and has_any != has_super:
        return Super() if has_super else Any(separators)
    if (has_any or has_super) and count and not separators:
        return Min(count)
    every: list[Matcher] = [Min(count)] if count else []
    if count and not has_any and not has_super:
        every.append(Max(count))
    if separators:
        every.append(Contains(separators.encode("utf-8", "replace"), negated=True))
    return EveryOf(tuple(every))


def _exceptions(matcher: Matcher) -> str | None:
    """The characters that it does not take; None for one that is no such matcher."""
    if isinstance(matcher, Super):
        return ""
    if isinstance(matcher, Any):
        return matcher.separators
    if isinstance(matcher, Single) or (type(matcher) is One and matcher.negated):
        return matcher.members
    return None


def _without_common_parts(node: Node) -> Node | None:
    """Alternatives with what all of them begin and end with before and behind them; None where there is nothing."""
    left, right = _common(node.children)
    if not left and not right:
        return None
    rest: list[Node] = []
    for one in node.children:
        parts = one.children[len(left) : len(one.children) - len(right)]
        found = Node("pattern", children=parts) if parts else _NOTHING
        rest += [found] * (found not in rest)
    parts = (Node("pattern", children=left),) if left else ()
    if len(rest) > 1:
        parts += (Node("any of", children=tuple(rest)),)
    elif rest[0] != _NOTHING:
        parts += (rest[0],)
    parts += (Node("pattern", children=right),) if right else ()
    return Node("pattern", children=parts)


def _common(patterns: Sequence[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The parts that all patterns begin with, and those that all end with."""
    if len(patterns) <= 1 or any(one.kind != "pattern" for one in patterns):
        return (), ()
    shortest = min(patterns, key=lambda one: len(one.children))
    others = [one.children for one in patterns if one is not shortest]
    parts, size = shortest.children, len(shortest.children)
    left = right = 0
    left_goes_on = right_goes_on = True
    for at in range(size):
        if left + right >= size or not (left_goes_on or right_goes_on):
            break
        spend(len(others))
        behind = size - 1 - at
        for other in others:
            left_goes_on = left_goes_on and parts[at] == other[at]
            right_goes_on = right_goes_on and not (left_goes_on and behind <= at)
            right_goes_on = right_goes_on and parts[behind] == other[behind + len(other) - size]
        left += left_goes_on
        right += right_goes_on
    return parts[:left], parts[size - right :]
