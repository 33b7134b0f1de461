"""A policy of Gatekeeper: the modules of a template, and a program for each constraint's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from constraints.dataclass import value
from constraints.errors import CompileError, EvaluationError
from constraints.lang.stack import stack_of
from constraints.rego.builtins import Builtin
from constraints.rego.builtins.outside import Outside
from constraints.rego.codegen.generator import Generator
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.passes import prepare
from constraints.rego.runtime.context import BUDGET, FREE, NOWHERE, Context
from constraints.rego.runtime.rows import Rows
from constraints.rego.runtime.table import RUNTIME
from constraints.rego.syntax.tree import Body, Call, Expr, Module, ObjectTerm, Ref, Scalar, Var
from constraints.rego.values.kinds import Value
from constraints.rego.values.order import order_key
from constraints.rego.values.sizes import IDLE, TOO_DEEP, own, present, this_thread

if TYPE_CHECKING:
    from constraints.rego.reads.mentions import Where

ENTRY = "violation"
STACK: Final = 2_500
"""Calls of Python that go into each other, at most: two for a function. Where each sorts something, and so goes through
C, a stack of 8 MiB holds 3,000."""


@value
class Settings:
    """What holds for all policies: builtins that may be called, hooks to the world outside, steps of an evaluation.

    `prints` keeps calls of `print`, which are erased otherwise. `stack` is how many calls of Python may go into each
    other where those that Python lets do not suffice.
    """

    builtins: Mapping[str, Builtin]
    outside: Outside = NOWHERE
    budget: int = BUDGET
    prints: bool = False
    stack: int = STACK


class RegoPolicy:
    """The modules of one template, checked."""

    def __init__(self, modules: Sequence[Module], settings: Settings) -> None:
        self._settings = settings
        self._entry = (*modules[0].package, ENTRY)
        question = _question(modules[0], self._entry)
        self._resolved = prepare(modules, builtins=settings.builtins, keep_prints=settings.prints, question=question)

    def mentions(self, fields: frozenset[str]) -> dict[str, Where]:
        """Those `fields` of the review that the policy names, each with the source and position of the first place."""
        from constraints.rego.reads.mentions import mentions  # late: few policies name any

        return mentions(self._resolved, self._entry, fields)

    def program(self, parameters: Value) -> RegoProgram:
        """The policy for one constraint."""
        try:
            return RegoProgram(self._resolved, self._entry, parameters, self._settings)
        except (EvaluationError, RecursionError) as error:
            deep = isinstance(error, RecursionError) or error.code == TOO_DEEP
            text = "rego_compile_error: the policy nests too deeply, or has too large constants"
            raise CompileError(text, deep=deep) from error


def _question(module: Module, entry: Path) -> Body:
    """What Gatekeeper asks of a template, at the place of its first violation: each member's msg and details.

    It is the hook that the constraint framework compiles along (compatibility, section 8.1): a violation that is no set
    of objects with a msg is refused.
    """
    heads = [rule.head for rule in module.rules if rule.head.path[:1] == (Scalar(ENTRY),)]
    at = heads[0].span if heads else module.span
    found, details, message = Var("r", at), Var("details", at), Var("msg", at)
    member = Ref(Var("data", at), (*(Scalar(part, at) for part in entry), found), at)
    asked = (
        member,
        Call("object.get", (found, Scalar("details", at), ObjectTerm((), at), details), at),
        Call("eq", (message, Ref(found, (Scalar("msg", at),), at)), at),
    )
    return tuple(Expr(what, span=at) for what in asked)


def _too_deep() -> EvaluationError:
    return EvaluationError("the evaluation nests too deeply or is too large", code="budget_exceeded")


def _sorted(found: Rows) -> list[tuple[Value, Value]]:
    for key in found:
        if type(key) is not str:
            return sorted(found.values(), key=lambda row: (order_key(row[1]), order_key(row[0])))
    return [found[message] for message in sorted(found)]  # type: ignore[type-var]  # texts: there are no details at all


class RegoProgram:
    """One constraint: what it says of a review and an inventory."""

    def __init__(self, resolved: Resolved, entry: tuple[str, ...], parameters: Value, settings: Settings) -> None:
        generator = Generator(resolved, settings.builtins, parameters=parameters)
        function = generator.entry(entry)
        self._generated = generator.generated()
        self._reads = generator.reads()
        self._generated.load()
        self._evaluate = self._generated.scope[function]
        self._rules = tuple(generator.ground_rules())
        self._way = 0  # counts the ways from 1
        self._stack = settings.stack
        self._parameters = parameters
        self._budget = settings.budget
        self._sees_input = generator.unit.sees_input
        self._context = Context({}, {"inventory": {}}, self._generated.rules, settings.outside)
        self._context.plenty = settings.budget - FREE
        self._unasked = tuple(self._context.memo)

    def rows(self, review: Mapping[str, Value], inventory: Mapping[str, Value]) -> Sequence[tuple[Value, Value]]:
        """Messages and details in Rego's order of `{"details": ..., "msg": ...}`. Raises EvaluationError."""
        context = self._context
        context.review = review
        if self._sees_input:
            context.input = {"review": review, "parameters": self._parameters}
        if context.data["inventory"] is not inventory:
            context.data = {"inventory": inventory}
        try:
            self._start()
            found: Rows | None = None
            if not self._way:  # each rule is asked where it is needed, which is too deep for some policies
                try:
                    found = self._evaluate(context)
                except RecursionError:
                    pass
                except EvaluationError as error:
                    if error.code != TOO_DEEP:
                        raise
            if found is None:
                found = self._otherwise()
            if not found:
                return ()
            return tuple(found.values()) if len(found) < 2 else _sorted(found)
        except (RecursionError, MemoryError) as error:
            raise _too_deep() from error
        finally:
            context.budget.left = IDLE

    def _otherwise(self) -> Rows:
        """The rows as the first of the other ways finds them that is not too deep; it is the first from then on."""
        first = max(self._way, 1)
        for at, way in enumerate(_WAYS[first - 1 :], first):
            self._start()
            try:
                found = way(self)
            except RecursionError:
                if at == len(_WAYS):
                    raise
            except EvaluationError as error:
                if error.code != TOO_DEEP or at == len(_WAYS):
                    raise
            else:
                self._way = at
                return found
        raise AssertionError("the last way gives an answer or an error")

    def from_the_bottom(self) -> Rows:
        """Each rule is asked after those that it refers to."""
        self._answer_all()
        return self._evaluate(self._context)  # type: ignore[no-any-return]  # made by Entry

    def on_a_larger_stack(self) -> Rows:
        """For functions that call each other, and values, that are deeper than Python's stack; the first error of a
        rule where too many wait for it."""
        with stack_of(self._stack):
            first = self._answer_all()
            try:
                return self._evaluate(self._context)  # type: ignore[no-any-return]  # made by Entry
            except RecursionError:
                if first is None:
                    raise
                raise first from None

    def _start(self) -> None:
        """Forget all answers, and whatever an evaluation that was ended from outside has left; the budget is full."""
        context = self._context
        if self._unasked:
            context.memo[:] = self._unasked
        steps = present()
        if (
            steps.thread != this_thread()
        ):  # else a call of `own` is spared: some policies take not much longer than that
            steps = own()
        context.budget = steps
        steps.left = self._budget
        if context.memory or context.calls or context.split:
            context.memory, context.calls, context.split = {}, {}, {}

    def _answer_all(self) -> EvaluationError | None:
        """Ask each rule after those that it refers to, so that none waits for many others. Gives the first error.

        Whoever needs a rule without an answer meets its error again, unless too many wait for it.
        """
        first = None
        for rule in self._rules:
            try:
                rule(self._context)
            except EvaluationError as error:
                first = first or error
                if self._context.budget.left < 0:
                    raise
            except RecursionError:
                pass
        return first

    @property
    def reads(self) -> frozenset[Path]:
        """The places in the review that the answer depends on, `*` for any key; what is below a place counts with
        it.
        """
        return self._reads

    def explain(self, texts: Mapping[str, str] = MappingProxyType({})) -> str:
        """The Python of this program, below the lines of the policy that it comes from; `texts` are the sources by
        name.
        """
        from constraints.rego.explain import explained  # late: nobody asks for it but `patrol explain`

        return explained(self._generated.modules, self._generated.scope, RUNTIME, texts)


_WAYS: Final = (RegoProgram.from_the_bottom, RegoProgram.on_a_larger_stack)
