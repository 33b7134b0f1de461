"""The Rego driver on regopy (rego-cpp): one compiled interpreter for a template, one parameter text for a constraint.

regopy reads every module as Rego v1 with v0 spellings allowed, so a partial set of v0 (`violation[{"msg": m}] {`)
becomes an object with those keys. The query below asks for keys, which is right for both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from constraints.drivers.modules import Module, modules_of
from constraints.errors import CompileError, EvaluationError, PolicyError
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
_CODE = re.compile(r"\A(eval|rego|recursion|wellformed)_\w*error\Z")


class RegopyDriver:
    """Compiles Rego with regopy."""

    engine = "Rego"

    def compile(self, kind: str, source: Mapping[str, Json]) -> RegopyPolicy:
        """Raises CompileError with line and column."""
        return RegopyPolicy(modules_of(kind, source))


class RegopyPolicy:
    """The modules of one template in one interpreter; a new one is made only when the inventory is another value."""

    def __init__(self, modules: tuple[Module, ...]) -> None:
        self._modules = modules
        self._uses_inventory = any(module.uses_inventory for module in modules)
        self._inventory = EMPTY
        self._interpreter, self._bundle = self._build(EMPTY)

    def program(self, parameters: Json) -> RegopyProgram:
        """The policy for one constraint."""
        return RegopyProgram(self, json.dumps(parameters))

    def evaluate(self, document: str, inventory: Inventory) -> list[Any]:
        """Members of `violation` for one input document (JSON)."""
        if self._uses_inventory and inventory is not self._inventory:
            self._interpreter, self._bundle = self._build(inventory)
            self._inventory = inventory
        self._interpreter.set_input_term(document)
        try:
            output = self._interpreter.query_bundle(self._bundle)
        except ValueError as error:  # regopy wraps some errors in what should be JSON
            raise PolicyError("the engine could not evaluate the policy (regopy: unreadable result)") from error
        if not output.ok():
            raise _evaluation_error(output)
        found: list[Any] = output[0][_RESULT]
        return found

    def _build(self, inventory: Inventory) -> tuple[Interpreter, Bundle]:
        from regopy import Interpreter, RegoError  # late: it loads a native library
        from regopy.rego_shared import LogLevel

        interpreter = Interpreter()
        interpreter.log_level = LogLevel.NONE
        if self._uses_inventory:
            interpreter.add_data({"inventory": inventory.tree})
        for module in self._modules:
            try:
                interpreter.add_module(module.source.name, module.source.text)
            except RegoError as error:
                raise self._compile_error(str(error).partition("\n")[2].lstrip()) from error
        bundle = interpreter.build(f"{_RESULT} = [v | {self._modules[0].path}.violation[v]]", [])
        if not bundle.ok():
            raise self._compile_error(bundle.node().at(0).json())
        return interpreter, bundle

    def _compile_error(self, text: str) -> CompileError:
        message = _message(text)
        found = _POSITION.match(text)
        if not found:
            return CompileError(message, source=self._modules[0].source.name)
        module = next((m for m in self._modules if m.source.name == found["source"]), self._modules[0])
        return CompileError(message, span=_span(module.source.text, int(found["offset"])), source=module.source.name)


class RegopyProgram:
    """A template's policy with one constraint's parameters."""

    def __init__(self, policy: RegopyPolicy, parameters: str) -> None:
        self._policy = policy
        self._parameters = parameters

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
        """Raises EvaluationError for errors that Rego defines, PolicyError for those of the engine."""
        document = f'{{"parameters":{self._parameters},"review":{json.dumps(review)}}}'
        return list(_findings(self._policy.evaluate(document, inventory)))


def _findings(members: Iterable[Json]) -> Iterator[Finding]:
    for member in members:
        if not isinstance(member, Mapping) or "msg" not in member:
            continue
        message = member["msg"]
        if not isinstance(message, str):
            raise PolicyError(f"violation: msg is not a string: {json.dumps(message)[:200]}")
        yield Finding(message, member.get("details", {}))


def _evaluation_error(output: Output) -> PolicyError:
    error = output.node().at(0)
    text = error.json()
    code = error.at(2).value if len(error) > 2 else ""
    if isinstance(code, str) and code.startswith("eval_"):
        return EvaluationError(f"{code}: {_message(text)}", code=code)
    return PolicyError(_message(text))


def _message(text: str) -> str:
    found = _MESSAGE.search(text)
    return found[1] if found else "the engine refuses the policy without a reason"


def _span(text: str, offset: int) -> Span:
    """Where byte `offset` of `text` is, in characters."""
    before = text.encode()[:offset].decode(errors="ignore")
    return Span(before.count("\n") + 1, len(before) - before.rfind("\n"))
