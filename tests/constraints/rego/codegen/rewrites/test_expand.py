"""Small sets stand in the place of references to them."""

from __future__ import annotations

from constraints.lang.pycode import Identifiers
from constraints.lang.source import Source
from constraints.rego.builtins import BUILTINS
from constraints.rego.codegen.rewrites.expand import expanded
from constraints.rego.codegen.tree import tree_of
from constraints.rego.passes import prepare
from constraints.rego.syntax.parser import parse_module
from constraints.rego.syntax.spelling import body_text


def bodies(rules: str) -> list[str]:
    """The bodies of `found` in a policy with these rules without references to small sets."""
    module = parse_module(Source("k", f"package k\n\n{rules}"), False)
    tree = tree_of(prepare([module], builtins=BUILTINS), Identifiers())
    branch = tree.find(("k", "found"))
    assert branch is not None
    assert branch.rule is not None
    return [body_text(one.rule.body) for one in expanded(branch.rule.clauses, tree)]


def test_a_small_set_stands_in_the_place_of_a_reference_to_it() -> None:
    rules = """found[x] { x := all[_]; x != 1 }
all[y] { y := input.review.a[_] }
all[y] { y := input.review.b[_] }
"""
    found = bodies(rules)
    assert len(found) == 2
    assert "input.review.a" in found[0]
    assert "input.review.b" in found[1]
    assert not [text for text in found if "data.k.all" in text]


def test_members_that_can_never_fit_are_left_out() -> None:
    rules = """found[x] { all[{"kind": "a", "x": x}] }
all[{"kind": "a", "x": y}] { y := input.review.a[_] }
all[{"kind": "b", "x": y}] { y := input.review.b[_] }
"""
    assert ["input.review.a" in text for text in bodies(rules)] == [True]


def test_a_large_set_is_asked_as_a_whole() -> None:
    rules = "found[x] { x := all[_] }\n" + "\n".join(f"all[y] {{ y := input.review.a{at}[_] }}" for at in range(9))
    assert ["data.k.all" in text for text in bodies(rules)] == [True]
