"""The Rego driver on regopy (rego-cpp): one compiled interpreter for a template, one parameter text for a constraint.

It rejects some valid policies (`f(x[_])`) and answers some wrongly; nothing here hides that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from constraints.drivers import distinct
from constraints.drivers.modules import Module, foreign_calls, modules_of, span_at
from constraints.drivers.respell import STAND_INS, Respelled, respell
from constraints.errors import CompileError, EvaluationError, PolicyError
from constraints.fields import quoted
from constraints.inventory import EMPTY, Inventory
from constraints.lang.source import Span
from constraints.model import Finding, Json

if TYPE_CHECKING:
    from regopy import Interpreter, Output
    from regopy.interpreter import Bundle

_RESULT = "found"
# (error 8:template|72|1
#   (errormsg 24:Invalid bracket argument)   each text is preceded by its length in bytes
_POSITION = re.compile(r"\A\(error (?:\d+:(?P<source>[^|]*))?\|(?P<offset>\d+)\|\d+")
_MESSAGE = re.compile(r"\(errormsg \d+:(.*?)\)\n", re.DOTALL)


class RegopyDriver:
    """Compiles Rego with regopy."""

    engine = "Rego"

    def __init__(self) -> None:
        self._texts = _Texts()

    def compile(self, kind: str, source: Mapping[str, Json]) -> RegopyPolicy:
        """Raises CompileError with line and column."""
        return RegopyPolicy(modules_of(kind, source), self._texts)


class RegopyPolicy:
    """The modules of one template in one interpreter; a new one is made only when the inventory is another value."""

    def __init__(self, modules: tuple[Module, ...], texts: _Texts) -> None:
        self._modules = {module: respell(module.source, v1=module.v1) for module in modules}
        self._query = f"{_RESULT} = [v | {modules[0].path}.violation[v]]"
        self._texts = texts
        self._uses_inventory = any(module.uses_inventory for module in modules)
        self._inventory = EMPTY
        self._interpreter, self._bundle = self._build(EMPTY)
        self._check_calls()

    def program(self, parameters: Json) -> RegopyProgram:
        """The policy for one constraint."""
        return RegopyProgram(self, _json(parameters))

    def evaluate(self, review: Mapping[str, Json], parameters: str, inventory: Inventory) -> list[Json]:
        """The members of `violation`; `parameters` are JSON."""
        if self._uses_inventory and inventory is not self._inventory:
            self._interpreter, self._bundle = self._build(inventory)
            self._inventory = inventory
        # as text, since regopy's own encoding of values loses digits and quotes
        self._interpreter.set_input_term(f'{{"parameters":{parameters},"review":{self._texts.of(review)}}}')
        try:
            output = self._interpreter.query_bundle(self._bundle)
        except json.JSONDecodeError as error:  # regopy puts some errors where values should be
            raise PolicyError(_message(error.doc)) from error
        if not output.ok():
            raise _evaluation_error(output)
        found: list[Json] = output[0][_RESULT]
        return found

    def _build(self, inventory: Inventory) -> tuple[Interpreter, Bundle]:
        from regopy import Interpreter, RegoError  # late: it loads a native library
        from regopy.rego_shared import LogLevel

        interpreter = Interpreter()
        interpreter.log_level = LogLevel.NONE  # it writes errors to stdout otherwise
        if self._uses_inventory:
            interpreter.add_data({"inventory": inventory.tree})
        for module, text in self._modules.items():
            try:
                interpreter.add_module(module.source.name, text.text)
            except RegoError as error:
                raise self._compile_error(str(error).partition("\n")[2].lstrip()) from error
        bundle = interpreter.build(self._query, [])
        if not bundle.ok():
            raise self._compile_error(bundle.node().at(0).json())
        return interpreter, bundle

    def _check_calls(self) -> None:
        for module in self._modules:
            for name, at in foreign_calls(module.source):
                if name not in STAND_INS and not self._interpreter.is_builtin(name):
                    span = span_at(module.source.text, at)
                    raise CompileError(f"undefined function {name}", span=span, source=module.source.name)

    def _compile_error(self, text: str) -> CompileError:
        found = _POSITION.match(text)
        for module, respelled in self._modules.items():
            if found and module.source.name == found["source"]:
                span = _span(module, respelled, int(found["offset"]))
                return CompileError(_message(text), span=span, source=module.source.name)
        return CompileError(_message(text), span=Span(1, 1), source=next(iter(self._modules)).source.name)


class RegopyProgram:
    """A template's policy with one constraint's parameters."""

    def __init__(self, policy: RegopyPolicy, parameters: str) -> None:
        self._policy = policy
        self._parameters = parameters

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> list[Finding]:
        """Raises EvaluationError for errors that Rego defines, PolicyError for those of the engine."""
        return distinct(_findings(self._policy.evaluate(review, self._parameters, inventory)))


class _Texts:
    """The JSON of the review at hand, for all constraints that look at it."""

    def __init__(self) -> None:
        self._review: Mapping[str, Json] = {}
        self._text = "{}"

    def of(self, review: Mapping[str, Json]) -> str:
        if review is not self._review:
            self._text, self._review = _json(review), review
        return self._text


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _findings(members: Iterable[Json]) -> Iterator[Finding]:
    for member in members:
        if not isinstance(member, Mapping) or "msg" not in member:
            continue
        message = member["msg"]
        if not isinstance(message, str):
            raise PolicyError(f"violation: msg must be a string, it is {quoted(message)}")
        yield Finding(message, member.get("details", {}))


def _evaluation_error(output: Output) -> PolicyError:
    from regopy.rego_shared import NodeKind, rego_node_value

    error = output.node().at(0)
    message = _message(error.json())
    codes = (part for part in map(error.at, range(len(error))) if part.kind == NodeKind.ErrorCode)
    code = next((str(rego_node_value(part._impl)) for part in codes), "")  # Node.value knows only Rego's own values
    return EvaluationError(f"{code}: {message}", code=code) if code.startswith("eval_") else PolicyError(message)


def _message(text: str) -> str:
    found = _MESSAGE.search(text)
    return found[1] if found else f"the engine gave an answer that cannot be read: {quoted(text)}"


def _span(module: Module, text: Respelled, offset: int) -> Span:
    """Where byte `offset` of the respelled text comes from."""
    return span_at(module.source.text, text.origin(len(text.text.encode()[:offset].decode(errors="ignore"))))
