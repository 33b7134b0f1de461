"""The state of the code generator: where the next statement goes, what the variables are, which names are taken."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections import ChainMap, Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from constraints.errors import CompileError
from constraints.lang.pycode import Block, Names, Nodes
from constraints.lang.pywalk import loaded_names, shape
from constraints.lang.source import Span
from constraints.model import value
from constraints.rego.builtins import Builtin
from constraints.rego.codegen.facts import facts_of
from constraints.rego.index.conflicts import Conflicts
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import ArrayTerm, Body, ObjectTerm, Scalar, SetTerm, Term, Var
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, Value
from constraints.rego.values.sizes import MEMBER

K = TypeVar("K")
V = TypeVar("V")

NO_CONSTANT: Final = object()
_FEW_PARTS: Final = 16
MANY_MEMBERS: Final = 64  # of a collection; fewer are not counted where they are collected once
LAYER: Final = 64  # entries of a table that is copied; of a larger one each copy would cost more than all look-ups
OUTLINE_DEPTH: Final = 9  # a closure that starts as deep as this gets a function of its own

BASE: Final = "base"
"""The kind of an operand that is part of a base document: of any type, looked into as OPA looks into its storage."""

INPUT: Final = "input"
"""The kind of the input document in a constraint's policy: its keys are known."""

KIND_OF_TYPE: Final[Mapping[str, str]] = {
    "str": "string",
    "list": "array",
    "dict": "dict",
    "int": "integer",
    "bool": "boolean",
}
"""What is known of a value whose Python type is known."""

INTEGER: Final = "integer"
"""The kind of a number of which is known that it is an int."""

DICT: Final = "dict"
"""The kind of an object of which is known that it is a dict."""

KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    list: "array",
    dict: "object",
    RegoObject: "object",
    RegoSet: "set",
}


@value
class Operand:
    """A value in generated code: a local variable's name, a constant, or an expression to be used once.

    `defined`: whether it can't be UNDEFINED. `kind`: its type's name where that is known; `number` includes them all.
    `tree` is a place below `data` that has rules (runtime_documents.Tree), or a value. `test` marks an expression that
    is a Python bool and never UNDEFINED. `origin`: the place in the review that the value is at, `*` for any key. `keys`:
    the variable of whose value it is the set of keys.
    """

    name: str = ""
    constant: Any = NO_CONSTANT
    node: ast.expr | None = None
    defined: bool = True
    kind: str = ""
    test: bool = False
    origin: Path | None = None
    keys: str = ""

    @property
    def is_constant(self) -> bool:
        """Whether the value is known."""
        return self.constant is not NO_CONSTANT


NOTHING: Final = Operand(constant=UNDEFINED, defined=False)


def constant(value: Value) -> Operand:
    """A value that is known when the policy is compiled."""
    return Operand(constant=value, kind=KINDS.get(type(value), "number"), defined=value is not UNDEFINED)


@value
class Summary:
    """What callers know of a function that was generated.

    `answer` is what it always gives, as far as that is known: a constant, or one of its own parameters (`parameter`).
    `pure`: it depends on its arguments alone. `quiet`: it raises no error. `weight`: how many calls one call makes, at most, loops not counted.
    """

    function: str
    answer: Operand
    parameter: int | None = None
    pure: bool = False
    quiet: bool = False
    weight: int = 1


@dataclass(slots=True)
class Unit:
    """What all functions of one policy share.

    `scope`: the global names of the generated code. `functions`: what was generated, by source. `mocked`: the functions
    that some `with` replaces. `numbers`: rules by path, `with` hides them and answers are kept by number. `parameters`: those of the constraint, where there is one: the
    input then is {"review": ..., "parameters": ...}. `fixed`: no `with` changes the input. `summaries`: the functions
    that were generated, by rule and known arguments, `variants` how many of each rule; of the `deep` rules there is one for any. `reads`: the places in the review whose
    values are used; `steps`: those that are looked for. `searches`: the functions that search for some keys of a partial rule, by its
    number and what is known of the keys; `conflicts`: known once somebody has asked. `rule_names`: rules by the name that a call without arguments,
    `rule()`, has for them.
    """

    resolved: Resolved
    builtins: Mapping[str, Builtin]
    scope: dict[str, Any]
    names: Names
    mocked: frozenset[str] = frozenset()
    targets: frozenset[tuple[Any, ...]] = frozenset()
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    numbers: dict[Path, int] = field(default_factory=dict)
    bound: dict[tuple[str, int], str] = field(default_factory=dict)
    locals: set[str] = field(default_factory=set)
    parameters: Any = NO_CONSTANT
    fixed: bool = False
    summaries: dict[Any, Summary] = field(default_factory=dict)
    variants: Counter[int] = field(default_factory=Counter)
    deep: set[int] = field(default_factory=set)
    reads: dict[Path, None] = field(default_factory=dict)
    steps: dict[Path, None] = field(default_factory=dict)
    searches: dict[tuple[int, tuple[Term, ...]], str] = field(default_factory=dict)
    conflicts: Conflicts | None = None
    rule_names: Mapping[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        self.rule_names = {f"data.{'.'.join(map(str, path))}": path for path in self.resolved.rules}

    def bind(self, wish: str, value: Any) -> str:
        """The global name of an object that generated code needs; the same one for the same object."""
        key = (wish, id(value))
        if key not in self.bound:
            self.bound[key] = self.new(wish)
            self.scope[self.bound[key]] = value
        return self.bound[key]

    def new(self, wish: str) -> str:
        """A new global name; no function has a local variable of this name."""
        name = self.names.new(wish)
        while name in self.locals:
            name = self.names.new(wish)
        return name

    def number(self, path: Path) -> int:
        """The number of the rule, or of the place, at this path."""
        return self.numbers.setdefault(path, len(self.numbers))


@value
class Entered:
    """A condition or a loop that further definitions of a set may go into.

    `count`: how many names were given out before it; those are known inside. `fresh` and `open`: see Place.
    """

    block: Block
    count: int
    loops: int
    names: tuple[str, ...]
    fresh: dict[Any, Operand]
    open: dict[Any, Entered]


@dataclass(slots=True)
class Place:
    """Where statements go and what is known there; a copy of it is a place to come back to.

    `env`: local variables of the policy. `walked`: steps of references that were taken already. `sure` and `kinds`: what
    is known by now of variables of the generated code, that they are defined and of which kind. `loops`: how many loops
    of the function are open. `context`: the variable that holds the Context. `ordered`: whether somebody can see the
    order of iteration. `home` and `fresh`: see `learn`. `facts`:
    the tests that hold here. `open`: the conditions and loops right here, by what they test and iterate; None where
    nobody else may go into them.
    """

    block: Block
    env: MutableMapping[str, Operand] = field(default_factory=dict)
    walked: MutableMapping[Any, Operand] = field(default_factory=dict)
    sure: MutableMapping[str, Operand] = field(default_factory=dict)
    kinds: MutableMapping[str, str] = field(default_factory=dict)
    loops: int = 0
    context: str = "c"
    ordered: bool = False
    home: Block | None = None
    fresh: dict[Any, Operand] = field(default_factory=dict)
    facts: MutableMapping[Any, Any] = field(default_factory=dict)
    open: dict[Any, Entered] | None = None
    entered: Entered | None = None

    def learn(self, key: Any, found: Operand) -> None:
        """Remember a step; one that is taken wherever the block `home` is entered is `fresh`."""
        self.walked[key] = found
        if self.block is self.home:
            self.fresh[key] = found

    def now(self, operand: Operand) -> Operand:
        """The operand with what was learned of its variable since."""
        if not operand.defined and operand.name in self.sure:
            operand = self.sure[operand.name]
        kind = self.kinds.get(operand.name)
        return operand if not kind or operand.kind == kind else replace(operand, kind=kind)

    def variable(self, name: str) -> Operand:
        """The value of a local variable of the policy. Raises KeyError."""
        return self.now(self.env[name])

    def step(self, key: Any) -> Operand:
        """What a step that was taken already gave. Raises KeyError."""
        return self.now(self.walked[key])

    def copy(self) -> Place:
        """The same place; what is learned later stays out of it."""
        return Place(  # `replace` takes twice as long
            self.block,
            _layer(self.env),
            _layer(self.walked),
            _layer(self.sure),
            _layer(self.kinds),
            self.loops,
            self.context,
            self.ordered,
            self.home,
            self.fresh,
            _layer(self.facts),
            self.open,
            self.entered,
        )


def _layer(table: MutableMapping[K, V]) -> MutableMapping[K, V]:
    """A table that begins with what is in this one: a copy of a small one, else a layer above it."""
    if type(table) is dict and len(table) < LAYER:
        return dict(table)
    return ChainMap({}, *(table.maps if isinstance(table, ChainMap) else (table,)))


class At:
    """Nodes get a position inside. A class, since every term has one and a generator takes three times as long."""

    __slots__ = ("before", "nodes", "span")

    def __init__(self, nodes: Nodes, span: Span) -> None:
        self.nodes = nodes
        self.span = span
        self.before = nodes.span

    def __enter__(self) -> None:
        if self.span.line:
            self.nodes.span = self.span

    def __exit__(self, *_: object) -> None:
        self.nodes.span = self.before


class Emission(ABC):
    """Emits the statements of one function. Each part of the language is a mixin in a file of its own."""

    def __init__(self, unit: Unit, source: str) -> None:
        self.unit = unit
        self.source = source
        self.nodes = Nodes()
        self.names = Names(unit.scope, unit.names.used, given=unit.locals)
        self.names.used.update(dict.fromkeys(("c", "found", "error"), 0))
        self.wish = ""
        self.pure = True
        self.quiet = True
        self.alien = False
        self.is_repeated = not unit.fixed or bool(unit.targets or unit.mocked)
        self.weight = 1
        self.shares = False
        self.place = Place([])

    # what the mixins owe each other

    @abstractmethod
    def term(self, term: Term) -> Operand:
        """The value of a term; statements and loops that it needs are emitted."""

    @abstractmethod
    def body(self, body: Body) -> bool:
        """The statements of a body, the place is then where it holds. False when it never does."""

    @abstractmethod
    def unify(self, left: Term, right: Term) -> bool:
        """Both are equal, with variables bound to make it so. False when they never are."""

    @abstractmethod
    def match(self, pattern: Term, value: Operand) -> bool:
        """The pattern is equal to the value, with variables bound to make it so. False when it never is."""

    @abstractmethod
    def free(self, term: Term) -> bool:
        """Whether the term is a pattern with a variable that is not bound yet."""

    # statements

    def emit(self, statement: ast.stmt) -> None:
        """Add a statement."""
        self.place.block.append(statement)

    def guard(self, test: ast.expr) -> None:
        """What follows is done only when the test holds."""
        key = self._key("if", test)
        if not self._goes_into(key):
            found = self.nodes.when(test)
            self._enter(key, found, ())
        for fact, answer in facts_of(test):
            self.place.facts[fact] = answer
            if fact[0] == "type" and answer is True:
                self.narrow(fact[1], KIND_OF_TYPE.get(fact[2], ""))

    def loop(self, wishes: tuple[str, ...], values: ast.expr) -> tuple[str, ...]:
        """What follows is done for each of the values; gives the names of the loop's variables."""
        key = self._key("for", values)
        if not self._goes_into(key):
            names = tuple([self.names.new(wish) for wish in wishes])
            self._enter(key, self.nodes.loop(names, values), names)
            return names
        assert self.place.entered is not None
        return self.place.entered.names

    def _key(self, kind: str, node: ast.expr) -> object:
        """What the same condition or loop of another definition has in common."""
        return None if self.place.open is None else (kind, shape(node))

    def _enter(self, key: object, statement: ast.If | ast.For, names: tuple[str, ...]) -> None:
        """Go on inside of a statement."""
        place = self.place
        count = len(self.names.used) - len(names)
        self.emit(statement)
        place.block = statement.body
        place.loops += isinstance(statement, ast.For)
        if place.open is not None:
            entered = Entered(statement.body, count, place.loops, names, {}, {})
            place.open[key] = entered
            place.home, place.fresh, place.open = entered.block, entered.fresh, entered.open

    def _goes_into(self, key: object) -> bool:
        """Go on inside of a statement that another definition has made. False where there is none, or names are missing."""
        place = self.place
        entered = place.open.get(key) if place.open is not None else None
        if entered is None or not all(self._is_older(value, entered) for value in self._in_use()):
            return False
        self.shares = True
        place.entered, place.block, place.loops = entered, entered.block, entered.loops
        place.home, place.fresh, place.open = entered.block, entered.fresh, entered.open
        place.walked = {key: value for key, value in place.walked.items() if self._is_older(value, entered)}
        place.walked.update(entered.fresh)
        return True

    def _in_use(self) -> Iterator[Operand]:
        yield from self.place.env.values()
        yield Operand(name=self.place.context)

    def _is_older(self, value: Operand, entered: Entered) -> bool:
        return not value.name or self.names.used[value.name] < entered.count

    def narrow(self, name: str, kind: str) -> None:
        """From now on the type of a variable is known."""
        if kind:
            self.place.kinds[name] = kind

    def held(self, *terms: Term, is_pair: bool = False) -> None:
        """Count what stays in memory of a solution, where there may be very many of them."""
        if not self.place.loops:
            return
        if self._counts_each() or is_pair or any(map(_makes_more, terms)):
            cost = self.nodes.constant(MEMBER + sum(1 for _ in nodes_of(terms)))
            budget = self.nodes.attribute(self.context(), "budget")
            self.emit(self.nodes.do(self.nodes.method(budget, "spend", cost)))

    def _counts_each(self) -> bool:
        return self.place.loops > 1 or (self.place.loops == 1 and self.is_repeated)

    def count_members(self, name: str) -> ast.stmt:
        """What counts what was collected in one loop, unless it is little."""
        size = self.runtime("len", self.nodes.name(name))
        found = self.nodes.when(self.nodes.compare(size, ast.Gt(), self.nodes.constant(MANY_MEMBERS)))
        found.body.append(self.nodes.do(self.runtime("spend_members", self.context(), self.nodes.name(name))))
        return found

    def error(self, message: str) -> CompileError:
        """A CompileError at the present position."""
        return CompileError(f"rego_compile_error: {message}", span=self.nodes.span, source=self.source)

    @contextmanager
    def aside(self, *, ordered: bool = False) -> Iterator[Block]:
        """Emit into a block of its own, and come back to the present place."""
        before = self.place
        block: Block = []
        self.place = before.copy()
        self.place.block, self.place.ordered = block, ordered
        self.place.home, self.place.fresh, self.place.open = block, {}, None
        try:
            yield block
        finally:
            self.place = before

    def at(self, span: Span) -> At:
        """Nodes get this position."""
        return At(self.nodes, span)

    # operands

    def load(self, operand: Operand) -> ast.expr:
        """The expression for a value."""
        if operand.origin is not None:
            self.unit.reads[operand.origin] = None
        return self.expression(operand)

    def expression(self, operand: Operand) -> ast.expr:
        """The expression for a value that is only walked through, or compared with UNDEFINED."""
        if operand.kind == INPUT:
            self.uses_more()
        if operand.name:
            return self.nodes.name(operand.name)
        if operand.is_constant:
            return self.literal(operand.constant)
        assert operand.node is not None
        return operand.node

    def literal(self, value: Value) -> ast.expr:
        """A constant: as it is, or by a global name."""
        if value is UNDEFINED:
            return self.nodes.name("UNDEFINED")
        if value is None or type(value) in (bool, str, int, float):
            return self.nodes.constant(value)
        return self.nodes.name(self.unit.bind(f"K_{KINDS.get(type(value), 'number')}", value))

    def kept(self, operand: Operand, wish: str = "value") -> Operand:
        """The same value, which can be used several times."""
        if operand.name or operand.is_constant:
            return operand
        name = self.names.new(wish)
        self.emit(self.nodes.assign(name, self.expression(operand)))
        return Operand(name, NO_CONSTANT, None, operand.defined, operand.kind, False, operand.origin, operand.keys)

    def needed(self, operand: Operand, wish: str = "value") -> Operand | None:
        """The same value, where it is defined; None when it never is."""
        if operand.defined:
            return operand
        if operand.is_constant:
            return None
        found = self.kept(operand, wish)
        self.guard(self.nodes.compare(self.expression(found), ast.IsNot(), self.nodes.name("UNDEFINED")))
        known = Operand(found.name, NO_CONSTANT, None, True, found.kind, found.test, found.origin, found.keys)
        self.place.sure[found.name] = known
        return known

    def holds(self, operand: Operand) -> bool:
        """What follows is done only where the value is neither undefined nor false. False when it always is."""
        if operand.is_constant:
            return operand.constant is not UNDEFINED and operand.constant is not False
        if operand.test:
            self.guard(self.load(operand))
        elif operand.kind == "boolean":
            self.guard(self.nodes.compare(self.load(operand), ast.Is(), self.nodes.constant(True)))
        elif operand.kind in ("", BASE):
            self._holds_unknown(operand)
        else:
            return self.needed(operand) is not None
        return True

    def _holds_unknown(self, operand: Operand) -> None:
        found = self.kept(operand)
        test = self.nodes.compare(self.load(found), ast.IsNot(), self.nodes.constant(False))
        if not found.defined:
            undefined = self.nodes.compare(self.load(found), ast.IsNot(), self.nodes.name("UNDEFINED"))
            test = self.nodes.both(undefined, test)
        self.guard(test)

    def runtime(self, name: str, *arguments: ast.expr) -> ast.expr:
        """A call of a function of the runtime."""
        return self.nodes.call(name, *arguments)

    def uses_more(self) -> None:
        """Note that the function depends on more than its arguments and the inventory."""
        self.pure, self.alien = False, True

    def context(self) -> ast.expr:
        """The Context in force."""
        return self.nodes.name(self.place.context)

    def where(self) -> ast.expr:
        """The present position, for errors."""
        span = self.nodes.span
        return self.nodes.name(
            self.unit.bind(
                "AT", _WHERE.setdefault((self.source, span.line, span.column), (self.source, span.line, span.column))
            )
        )

    # functions beside the present one

    def joined(self, block: Block, end: Place | None) -> None:
        """Go on behind a block that was emitted aside; what it always does was done then."""
        self.place.block += block
        if end is not None:
            self.place.walked.update(end.fresh)
            if self.place.block is self.place.home:
                self.place.fresh.update(end.fresh)

    def outlined(self, wish: str, block: Block, known: int) -> ast.expr:
        """A call of a new function of this block; what it takes from here are local names, the first `known` ones."""
        name = self.unit.new(wish)
        used = self.names.used
        loaded = dict.fromkeys(loaded_names(block))
        # `error` is bound by the handler of an exception, and nowhere else
        parameters = [local for local in loaded if local != "error" and used.get(local, known) < known]
        if self.place.context not in parameters:
            parameters.insert(0, self.place.context)
        self.add(self.nodes.function(name, parameters, block))
        return self.nodes.call(name, *map(self.nodes.name, parameters))

    def add(self, function: ast.FunctionDef) -> None:
        """Add a function to the module."""
        self.unit.functions.setdefault(self.source, []).append(function)

    def closure(self, emit: Callable[[], bool], *, ordered: bool = False) -> tuple[Block, Place | None]:
        """What `emit` emits, in a block of its own, and the place where it ends; None when that is never reached."""
        with self.aside(ordered=ordered) as block:
            fresh = self.place.fresh
            alive = emit()
            self.place.fresh = fresh
            return block, self.place if alive else None


def _makes_more(term: Term) -> bool:
    """Whether there is more to keep for each solution than a few values."""
    if type(term) is Scalar or type(term) is Var:
        return False
    nodes = list(nodes_of((term,)))
    return len(nodes) > _FEW_PARTS and any(isinstance(node, (ArrayTerm, ObjectTerm, SetTerm)) for node in nodes)


_WHERE: dict[tuple[str, int, int], tuple[str, int, int]] = {}
