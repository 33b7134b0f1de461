"""The expressions of one policy, compiled together: named variables, and what is asked in the end."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import TypeVar

import constraints.cel.library  # noqa: F401 - declares the functions
from constraints.cel import pycode as py
from constraints.cel.check import Checked, Scope, check
from constraints.cel.codegen import emitter_of
from constraints.cel.constants import check_constants
from constraints.cel.depth import check_depth
from constraints.cel.failures import Failure, Invalid, Problem, WrongResult, composited
from constraints.cel.layout import SLOTS, Code, Layout, Slots, Variable, settled
from constraints.cel.parser import DEEPEST, parse, too_deep
from constraints.cel.reads import Reads
from constraints.cel.scan import Scan, every
from constraints.cel.types import DYN, Type, unwrapped
from constraints.cel.validate import validate
from constraints.cel.values import Value
from constraints.dataclass import dataclass
from constraints.lang.source import Span
from constraints.lang.stack import stack_of

VARIABLES = "variables"
MOST_NODES = 2_500  # of all expressions; the time and memory of Python's compiler grow with them
PLACES = 5_000  # calls that go into each other: a dozen for each of 250 levels, and what stands below
_STRUCT = "kubernetes.variables"


@dataclass(frozen=True, slots=True)
class Compiled:
    """One expression: the name of its function, its tree, the names that it reads.

    `adds` tells whether its cost depends on what it sees.
    """

    function: str
    checked: Checked
    reads: frozenset[str]
    adds: bool

    @property
    def type(self) -> Type:
        """The type that it gives."""
        return self.checked.type


@dataclass(frozen=True, slots=True)
class Loaded:
    """The compiled code of a policy."""

    layout: Layout
    code: Mapping[str, Code]

    def settle(self, settings: Mapping[str, Value]) -> Slots:
        """The slots for one constraint, to be copied for each review."""
        return settled(self.layout, self.code, settings)


@dataclass(slots=True)
class Compiler:
    """Takes the inputs first, then variables, each of which may read those before it, then expressions.

    `trees` are the variables' trees, failures where they cannot be compiled. A policy that `is_large` has no code: it
    is only evaluated exactly, which is slower, and needs nothing to be made of its trees but functions. One that
    `is_deep` nests deeper than Python goes by itself, and is large, too.
    """

    structs: dict[str, Mapping[str, Type]] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    reads: Reads = field(default_factory=Reads)
    trees: dict[str, Checked | Failure] = field(default_factory=dict)
    _names: dict[str, Type] = field(default_factory=dict)
    _variables: dict[str, Type] = field(default_factory=dict)
    _nodes: int = 0
    is_large: bool = False
    is_deep: bool = False

    def input(self, name: str, kind: Type = DYN, *, setting: bool = False) -> None:
        """Declare a name that reviews (or, for a `setting`, constraints) give a value; `variables.x` is one, too."""
        self.layout.input(name, setting=setting)
        if name.startswith(f"{VARIABLES}."):
            self._declare(name.removeprefix(f"{VARIABLES}."), kind)
        else:
            self._names[name] = kind

    def variable(self, name: str, text: str) -> None:
        """Name an expression; a problem in it becomes a failure of what reads it."""
        slots = self.layout.place(), self.layout.place(None)
        function = self.layout.unused(f"variable_{name}")
        try:
            checked = self._check(text)
        except Invalid as error:
            failure = Failure(f'composited variable "{name}" fails to compile: {error.listing(text)}')
            self._fail_always(function, str(failure))
            self.trees[name] = failure
            self._declare(name, DYN)
            self.layout.variables[name] = Variable(slots[0], function, steady=False, trusted=False, adds=False)
            return
        self.trees[name] = checked
        with self._room():
            self.reads.variable(name, checked, self.layout.inputs)
            self._add(name, checked, function, slots)

    def _add(self, name: str, checked: Checked, function: str, slots: tuple[int, int]) -> None:
        scan = Scan(checked, self.layout)
        steady = scan.is_steady(checked.root)
        adds = self._emitted(checked, lambda: self._emit_variable(checked, name, function, slots), False)
        self._declare(name, checked.type)
        self.layout.variables[name] = Variable(slots[0], function, steady, scan.is_certain(checked.root), adds)
        if steady:
            self.layout.steady.append(function)

    def expression(self, text: str, wanted: Type | None = None) -> Compiled:
        """Raises Invalid, also when the expression gives another type than `wanted`."""
        checked = self._check(text)
        if wanted and unwrapped(checked.type) != wanted:
            raise WrongResult([Problem(Span(1, 1), f"must evaluate to {wanted} but got {checked.type}")])
        function = self.layout.unused("expression")
        with self._room():
            self.reads.expression(checked, self.layout.inputs)
            adds = self._emitted(checked, lambda: self._emit_expression(checked, function), True)
            return Compiled(function, checked, Scan(checked, self.layout).reads(checked.root), adds)

    def load(self, filename: str) -> Loaded:
        """The code; what is beyond Python's compiler has none, as if it were large."""
        if not self.is_large:
            try:
                return Loaded(self.layout, self.layout.load(filename))
            except (RecursionError, MemoryError, SyntaxError):
                self.is_large = True
        return Loaded(self.layout, {})

    def _check(self, text: str) -> Checked:
        scope = Scope(self._names, {**self.structs, _STRUCT: self._variables})
        try:
            return _checked(text, scope)
        except RecursionError:
            self.is_deep = self.is_large = True
        with stack_of(PLACES):
            return _guarded(lambda: _checked(text, scope))

    def _room(self) -> AbstractContextManager[None]:
        """For what goes through trees, where there are deep ones."""
        return stack_of(PLACES) if self.is_deep else nullcontext()

    def _emitted(self, checked: Checked, emit: Callable[[], bool], otherwise: bool) -> bool:
        """What `emit` says; of an expression that gets no code, note what it reads. Raises Uninstantiable."""
        self._nodes += sum(1 for _ in every(checked.root))
        self.is_large = self.is_large or self._nodes > MOST_NODES
        if not self.is_large:
            try:
                return emit()
            except RecursionError:
                self.is_large = True
        check_constants(checked.root, checked.functions)
        self.layout.read |= Scan(checked, self.layout).reads(checked.root) & self.layout.inputs.keys()
        return otherwise

    def _emit_expression(self, checked: Checked, function: str) -> bool:
        """Gives whether the cost depends on what the expression sees."""
        emitter = emitter_of(checked, self.layout)
        emitter.finish(function, emitter.emit(checked.root), checked.root, whole=True)
        return emitter.adds

    def _declare(self, name: str, kind: Type) -> None:
        self._variables[name] = kind
        self._names[VARIABLES] = Type(_STRUCT)

    def _emit_variable(self, checked: Checked, name: str, function: str, slots: tuple[int, int]) -> bool:
        """The value is kept, a failure too: it is raised again by whoever reads the variable next.

        Gives whether the cost depends on what the variable sees.
        """
        emitter = emitter_of(checked, self.layout)
        value_slot, failure_slot = (py.item(py.read(SLOTS), py.constant(slot)) for slot in slots)
        bare = py.method(failure_slot, "with_traceback", py.constant(None))  # each raise would add to the last one's
        known = py.is_not(failure_slot, py.constant(None))
        with emitter.inside(1) as body:
            value = emitter.keep(emitter.emit(checked.root))
            body.append(py.put(py.read(SLOTS), py.constant(slots[0]), value))
        told = py.call(self.layout.name("composited", composited), py.constant(name), py.read("error"))
        keep = py.put(py.read(SLOTS), py.constant(slots[1]), told)
        emitter.block.append(py.when(known, [py.throw(bare)]))
        emitter.block.append(py.attempt(body, "FAILURES", [keep, py.throw(bare)], "error"))
        emitter.finish(function, value_slot, checked.root)
        return emitter.adds

    def _fail_always(self, function: str, message: str) -> None:
        failure = py.call("Failure", py.constant(message))
        definition = py.define(function, (SLOTS,), [py.throw(failure)])
        self.layout.functions.append(ast.fix_missing_locations(definition))


def _checked(text: str, scope: Scope) -> Checked:
    root = parse(text)
    if len(text) > DEEPEST:
        check_depth(root)
    return validate(check(root, scope))


_Result = TypeVar("_Result")


def _guarded(step: Callable[[], _Result]) -> _Result:
    try:
        return step()
    except RecursionError as error:
        raise too_deep() from error
