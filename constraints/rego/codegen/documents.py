"""References into `data`: rules where there are some, base documents elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from constraints.rego.codegen.asked import asked
from constraints.rego.codegen.blocks import loop
from constraints.rego.codegen.callees import callee_of
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import BASE, NOTHING, Operand
from constraints.rego.codegen.patterns import free, matches
from constraints.rego.codegen.reading import kept, load, needed
from constraints.rego.codegen.steps import from_context
from constraints.rego.codegen.tree import FUNCTION, Branch
from constraints.rego.codegen.walks import walk
from constraints.rego.names.resolved import Path
from constraints.rego.syntax.tree import Scalar, Term
from constraints.rego.values.kinds import key_of


def document(emission: Emission, path: Sequence[Term]) -> Operand:
    """The value of a reference into `data`."""
    branch, done = emission.unit.tree, 0
    while done < len(path) and branch.rule is None:
        part = path[done]
        child = branch.children.get(key_of(part.value)) if isinstance(part, Scalar) else None
        if child is None:
            break
        branch, done = child, done + 1
    rest = path[done:]
    if branch.rule is not None:
        return walk(emission, asked(emission, branch, rest), rest)
    if rest and isinstance(rest[0], Scalar):
        return walk(emission, _base(emission, branch.path), rest)
    return _in_tree(emission, branch, rest)


def _base(emission: Emission, path: Path) -> Operand:
    """A base document."""
    emission.pure = False
    data = from_context(emission, "data", Operand(defined=False, kind=BASE))
    return walk(emission, data, [Scalar(part) for part in path])


def _in_tree(emission: Emission, branch: Branch, rest: Sequence[Term]) -> Operand:
    """A reference that names no rule, or several."""
    emission.quiet = False
    emission.uses_more()
    for below in branch.reached(rest):
        if below.rule is not None and below.rule.kind != FUNCTION:
            callee_of(emission, below)
    nodes = emission.nodes
    node = nodes.name(emission.unit.bind("_".join(("DATA", *map(str, branch.path))), branch.node))
    if not rest:
        base = load(emission, _base(emission, branch.path))
        return Operand(node=nodes.call("document", emission.context(), node, base), defined=False)
    start = Operand(node=nodes.call("tree_at", emission.context(), node), defined=False, kind="tree")
    value = kept(emission, start, "tree")
    for part in rest:
        value = _descend(emission, value, part)
        if not value.name:
            return value
    return Operand(node=nodes.call("whole", emission.context(), load(emission, value)), defined=False)


def _descend(emission: Emission, value: Operand, part: Term) -> Operand:
    """A step into a branch of the tree; a loop for a key that is not bound yet."""
    nodes = emission.nodes
    if not free(emission, part):
        key = needed(emission, value_of(emission, part), "key")
        if key is None:
            return NOTHING
        node = nodes.call("descend", emission.context(), load(emission, value), load(emission, key))
        return kept(emission, Operand(node=node, defined=False, kind="tree"), "tree")
    ordered = nodes.constant(emission.place.ordered)
    branches = nodes.call("branches", emission.context(), load(emission, value), ordered)
    name, item = loop(emission, ("key", "tree"), branches)
    return Operand(name=item, kind="tree") if matches(emission, part, Operand(name=name)) else NOTHING
