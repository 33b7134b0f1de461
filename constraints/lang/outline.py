"""Functions that nest more deeply than Python's compiler can follow, as several functions that call each other.

    for a in x:                               for a in x:
        ...                                       ...
            for q in y:           becomes             for q in y:
                found.append((a, q))                      part(found, a, q)

What is cut out takes the local variables that it reads as arguments, and gives back those that it changes for the rest.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from constraints.dataclass import dataclass
from constraints.lang.pycode import Block, Nodes
from constraints.lang.pywalk import BLOCKS, loaded_names, statements, unassigned, walk
from constraints.lang.source import Span

LEVELS: Final = 60
"""Statements inside of each other in one function; each takes a part of Python's stack when it is compiled."""

_WENT_ON, _GAVE, _LEFT, _BEGAN_AGAIN = range(4)  # how a part came to its end


def split(
    function: ast.FunctionDef, new: Callable[[str], str], *, levels: int = LEVELS, blocks: int = BLOCKS
) -> list[ast.FunctionDef]:
    """The function, behind those that its innermost parts became; `new` gives a name that nothing has."""
    nested = _nested(function.body)
    if len(nested) <= min(levels, blocks):  # as nearly always
        return [function]
    cutter: _Cutter | None = None
    deep, looped = [0] * len(nested), [0] * len(nested)
    for at in range(len(nested) - 1, 0, -1):  # what is inside comes behind what it is in
        one = nested[at]
        counts = isinstance(one.owner, (ast.For, ast.Try))
        if deep[at] >= levels or looped[at] + counts > blocks:
            cutter = cutter or _Cutter(function, new)
            cutter.cut(nested, at)
            deep[at] = looped[at] = 0
        deep[one.around] = max(deep[one.around], deep[at] + 1)
        looped[one.around] = max(looped[one.around], looped[at] + counts)
    return [function] if cutter is None else [*cutter.parts, function]


@dataclass(frozen=True, slots=True)
class _Nested:
    """A block, the statement that it belongs to, and the number of the block around it."""

    block: Block
    owner: Any
    around: int


def _nested(body: Block) -> list[_Nested]:
    """A block and those inside of it, each behind the one that it is in."""
    found = [_Nested(body, None, 0)]
    for at, one in enumerate(found):  # which grows
        for statement in one.block:
            found += [_Nested(inner, statement, at) for inner in inner_blocks(statement)]
    return found


def inner_blocks(statement: Any) -> Iterator[Block]:
    """The blocks of a statement that are not empty."""
    for name in ("body", "orelse"):
        block = getattr(statement, name, None)
        if block:
            yield block
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


class _Cutter:
    """Makes functions of blocks of one function."""

    def __init__(self, function: ast.FunctionDef, new: Callable[[str], str]) -> None:
        self.name = function.name
        self.new = new
        self.parts: list[ast.FunctionDef] = []
        names = [node for node in walk(function.body) if isinstance(node, ast.Name)]
        self.local = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        self.local |= {one.arg for one in function.args.args}
        self.read = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))

    def cut(self, nested: list[_Nested], at: int) -> None:
        """Put a call of a new function in the place of what is in a block."""
        block = nested[at].block
        content = [*block]
        taken = dict.fromkeys(name for name in unassigned(content, self.local, frozenset()) if name != "error")
        read = Counter(
            node.id for node in walk(content) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        )
        changed = [
            name
            for name in dict.fromkeys(_stored(content))
            if self.read[name] > read[name] and _is_assigned_around(nested, at, name)
        ]
        taken.update(dict.fromkeys(changed))
        part = _Part(self.new(f"{self.name}_part"), list(taken), changed, Nodes())
        part.nodes.span = Span(content[0].lineno, content[0].col_offset + 1)
        block[:] = part.called(content, self.new)
        self.parts.append(part.function(content))
        self.read.subtract(read)
        self.read.update(list(taken))


@dataclass(frozen=True, slots=True)
class _Part:
    """What was cut out: the names that it takes, and those that it gives back."""

    name: str
    taken: list[str]
    changed: list[str]
    nodes: Nodes

    def called(self, content: Block, new: Callable[[str], str]) -> Block:
        """The call; what ended the function or a loop around the part does so here."""
        nodes = self.nodes
        call = nodes.call(self.name, *map(nodes.name, self.taken))
        exits = {type(one) for one in _exits(content)}
        if not exits and not self.changed:
            return [nodes.do(call)]
        end, answer = new("end"), new("answer")
        stores = [nodes.store(name) for name in (end, answer, *self.changed)]
        block: Block = [nodes.at(ast.Assign([nodes.at(ast.Tuple(stores, ast.Store()))], call))]
        for kind, number, then in (
            (ast.Return, _GAVE, nodes.give(nodes.name(answer))),
            (ast.Break, _LEFT, nodes.leave()),
            (ast.Continue, _BEGAN_AGAIN, nodes.at(ast.Continue())),
        ):
            if kind in exits:
                test = nodes.when(nodes.compare(nodes.name(end), ast.Eq(), nodes.constant(number)))
                test.body.append(then)
                block.append(test)
        return block

    def function(self, content: Block) -> ast.FunctionDef:
        """The part as a function."""
        exits = list(_exits(content))
        if exits or self.changed:
            self._replace(content, {id(one): self._ended_by(one) for one in exits})
            content = [*content, self._ended(_WENT_ON, self.nodes.constant(None))]
        return self.nodes.function(self.name, self.taken, content)

    def _replace(self, content: Block, ended: dict[int, ast.stmt]) -> None:
        """Put what gives how the part ends in the place of the statements that leave it."""
        for block in [content, *[inner for one in statements(content) for inner in inner_blocks(one)]]:
            block[:] = [ended.get(id(statement), statement) for statement in block]

    def _ended_by(self, leaving: ast.stmt) -> ast.stmt:
        if isinstance(leaving, ast.Return):
            assert leaving.value is not None
            return self._ended(_GAVE, leaving.value)
        return self._ended(_LEFT if isinstance(leaving, ast.Break) else _BEGAN_AGAIN, self.nodes.constant(None))

    def _ended(self, how: int, answer: ast.expr) -> ast.stmt:
        nodes = self.nodes
        return nodes.give(nodes.row([nodes.constant(how), answer, *map(nodes.name, self.changed)]))


def _exits(content: Block) -> Iterator[ast.stmt]:
    """The statements in a block that leave it for something around it."""
    waiting: list[tuple[ast.stmt, bool]] = [(one, False) for one in content]
    while waiting:
        statement, is_in_loop = waiting.pop()
        if isinstance(statement, ast.Return) or (isinstance(statement, (ast.Break, ast.Continue)) and not is_in_loop):
            yield statement
        for inner in inner_blocks(statement):
            waiting += [(one, is_in_loop or isinstance(statement, ast.For)) for one in inner]


def _stored(content: Block) -> Iterator[str]:
    return (node.id for node in walk(content) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _is_assigned_around(nested: list[_Nested], at: int, name: str) -> bool:
    """Whether a variable has a value wherever a block begins: what is around it says so, before it."""
    while at:
        one = nested[at]
        if isinstance(one.owner, ast.For) and name in set(loaded_names([one.owner.target])):
            return True
        at = one.around
        for statement in nested[at].block:
            if statement is one.owner:
                break
            if name in _assigned_by(statement):
                return True
    return False


def _assigned_by(statement: ast.stmt) -> set[str]:
    """The variables that a statement assigns, whatever happens."""
    if isinstance(statement, ast.Try):
        return set().union(*map(_assigned_by, statement.body))
    if isinstance(statement, ast.Assign):
        return {name for target in statement.targets for name in _stored_in(target)}
    return set()


def _stored_in(target: ast.expr) -> Iterator[str]:
    return (node.id for node in walk([target]) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
