"""`sprintf` with a constant format as an f-string."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.codegen.base import NOTHING, Operand
from constraints.rego.codegen.calls import Calls
from constraints.rego.syntax.tree import ArrayTerm, Call, Scalar

_VERB: Final = re.compile(r"%(.?)", re.DOTALL)
_MOST: Final = 8  # values; the builtin looks at the size of many before it makes a text of them
_LONG: Final = 1 << 63
_PLAIN: Final = frozenset("vsd%")


class Formats(Calls):
    """Spells out formats of which all verbs are plain; others are left to the builtin."""

    def call(self, call: Call) -> Operand:
        """The value of a call."""
        match call:
            case Call(name="sprintf", args=(Scalar(value=str() as template), ArrayTerm(items=items))):
                verbs = [found[1] for found in _VERB.finditer(template)]
                wanted = sum(verb != "%" for verb in verbs)
                if _PLAIN.issuperset(verbs) and wanted == len(items) <= _MOST and "sprintf" not in self.unit.mocked:
                    return self._formatted(template, call)
        return super().call(call)

    def _formatted(self, template: str, call: Call) -> Operand:
        wish, self.wish = self.wish, ""
        values = self.terms(call.args[1].items) if isinstance(call.args[1], ArrayTerm) else None
        if values is None:
            return NOTHING
        if all(value.is_constant for value in values):
            self.wish = wish
            return super().call(call)
        values = [self.kept(value) for value in values]
        parts: list[ast.expr] = []
        for text, verb, value in _pieces(template, values):
            if text:
                parts.append(self.nodes.constant(text))
            if value is not None:
                parts += self._verb(verb, value)
        found = self.kept(Operand(node=self.nodes.at(ast.JoinedStr(_merged(parts))), kind="string"), wish or "text")
        self.place.block += self.measured(found.name, "string")
        return found

    def _verb(self, verb: str, value: Operand) -> list[ast.expr]:
        builtin = self.builtin("sprintf")
        if value.is_constant:
            try:
                return [self.nodes.constant(builtin.run(f"%{verb}", [value.constant]))]
            except BuiltinError:
                pass
        function = self.unit.bind("sprintf", builtin.run)
        slow = self.nodes.call(function, self.nodes.constant(f"%{verb}"), self.nodes.array([self.load(value)]))
        node = self.nodes.choice(self._is_plain(verb, value), self.load(value), slow)
        if value.kind == "string" and verb != "d":
            node = self.load(value)
        return [self.nodes.at(ast.FormattedValue(node, -1, None))]

    def _is_plain(self, verb: str, value: Operand) -> ast.expr:
        """Whether Python's text of the value is Go's: `%d` of an integer that is not so long that Python refuses it."""
        if verb != "d":
            return self.is_type(value, "str")
        sizes = [self.load(value), self.nodes.constant(_LONG)]
        bounds = self.nodes.at(ast.Compare(self.nodes.constant(-_LONG), [ast.Lt(), ast.Lt()], sizes))
        return self.nodes.both(self.is_type(value, "int"), bounds)


def _pieces(template: str, values: list[Operand]) -> Iterator[tuple[str, str, Operand | None]]:
    """Plain text, and the verb and value behind it."""
    done, waiting = 0, iter(values)
    for found in _VERB.finditer(template):
        text = template[done : found.start()]
        done = found.end()
        yield (text + "%", "", None) if found[1] == "%" else (text, found[1], next(waiting))
    yield template[done:], "", None


def _merged(parts: list[ast.expr]) -> list[ast.expr]:
    """Neighbouring constants as one."""
    found: list[ast.expr] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, ast.Constant) and isinstance(last, ast.Constant):
            found[-1] = ast.copy_location(ast.Constant(str(last.value) + str(part.value)), last)
        else:
            found.append(part)
    return found
