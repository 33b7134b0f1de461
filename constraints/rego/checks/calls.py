"""Calls and `with`: functions that exist, with as many arguments as they take; targets that can be replaced.

The words are OPA's (v1/ast/compile.go: checkUndefinedFuncs, validateWith).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from constraints.dataclass import value
from constraints.rego.builtins import Builtin
from constraints.rego.names.references import References
from constraints.rego.names.resolved import Path
from constraints.rego.names.ruletree import Tree
from constraints.rego.syntax.problems import COMPILE, TYPE, Problems
from constraints.rego.syntax.spelling import term_text
from constraints.rego.syntax.tree import Call, FunctionName, Ref, Scalar, Var, With
from constraints.rego.values.kinds import key_of

REPLACING: Final = "with keyword replacing built-in function: "
_EQUATIONS: Final = ("eq", "assign")
IRREPLACEABLE: Final = frozenset({"eq", "rego.metadata.chain", "rego.metadata.rule"})


@value
class Callables:
    """Everything that can be called: the arity of each rule by its full name (0 where it is no function), builtins."""

    own: Mapping[str, int]
    functions: Mapping[str, Path]
    builtins: Mapping[str, Builtin]

    def arity(self, name: str) -> int | None:
        """How many arguments a function takes; None when there is none."""
        if name in _EQUATIONS:
            return 2
        own = self.own.get(name)
        if own is not None:
            return own
        builtin = self.builtins.get(name)
        return None if builtin is None else builtin.arity


@value
class CallCheck:
    """Checks what one rule refers to."""

    callables: Callables
    tree: Tree
    problems: Problems
    source: str

    def check(self, references: References) -> None:
        """Note what is wrong with its calls and `with`."""
        for call in references.statements:
            self._call(call, is_statement=True)
        for call in references.calls:
            self._call(call, is_statement=False)
        for modifier in references.withs:
            self._with(modifier)

    def _call(self, call: Call, is_statement: bool) -> None:
        if call.name == "print":
            if not is_statement:
                self.problems.add(TYPE, f"{term_text(call)} used as value", call.span, self.source)
            return
        arity = self.callables.arity(call.name)
        builtin = self.callables.builtins.get(call.name)
        if arity is None or (is_statement and arity == 0 and len(call.args) < 2 and self._is_no_function(call.name)):
            self.problems.add(TYPE, f"undefined function {call.name}", call.span, self.source)
        elif not self._fits(call, arity, is_statement):
            self.problems.add(TYPE, self._misfit(call, arity), call.span, self.source)
        elif builtin is not None and builtin.missing and call.name not in self.callables.own:
            self.problems.add(COMPILE, builtin.missing, call.span, self.source)

    def _is_no_function(self, name: str) -> bool:
        return name in self.callables.own and name not in self.callables.functions

    @staticmethod
    def _fits(call: Call, arity: int, is_statement: bool) -> bool:
        """A statement may have one argument more, for the result."""
        given = len(call.args)
        return given == arity or (is_statement and given == arity + 1 and call.name not in _EQUATIONS)

    def _misfit(self, call: Call, arity: int) -> str:
        if call.name not in self.callables.own:
            return f"{call.name}: arity mismatch"
        given = len(call.args)
        return f"function {call.name} has arity {arity}, got {given} argument{'' if given == 1 else 's'}"

    def _with(self, modifier: With) -> None:
        target = modifier.target
        head = target.head if isinstance(target, Ref) else target
        if isinstance(target, FunctionName):
            self._replaced(target, modifier)
        elif not isinstance(head, Var) or head.name not in ("input", "data"):
            text = "with keyword target must reference existing input, data, or a function"
            self.problems.add(TYPE, text, target.span, self.source)
        elif isinstance(target, Ref) and head.name == "data" and self._is_inside_rule(target):
            text = "with keyword cannot partially replace virtual document(s)"
            self.problems.add(COMPILE, text, target.span, self.source)

    def _is_inside_rule(self, target: Ref) -> bool:
        node: Tree | None = self.tree
        for part in target.path[:-1]:
            node = node.children.get(key_of(part.value)) if node is not None and isinstance(part, Scalar) else None
            if node is None:
                return False
            if node.is_rule:
                return True
        return False

    def _replaced(self, target: FunctionName, modifier: With) -> None:
        name = target.name
        builtin = self.callables.builtins.get(name)
        if name not in self.callables.own and builtin is not None:
            why = _irreplaceable(builtin)
            if why:
                self.problems.add(COMPILE, REPLACING + why, target.span, self.source)
        value = modifier.value
        if isinstance(value, FunctionName) and self.callables.arity(value.name) != self.callables.arity(name):
            self.problems.add(TYPE, f"{name}: arity mismatch", modifier.span, self.source)


def _irreplaceable(builtin: Builtin) -> str:
    if builtin.name in IRREPLACEABLE:
        return f'replacement of "{builtin.name}" invalid'
    if builtin.name.startswith("internal."):
        return f'replacement of internal function "{builtin.name}" invalid'
    if builtin.relation:
        return "target must not be a relation"
    return "target must not be a void function" if builtin.name == "print" else ""


def own_arities(arities: Mapping[Path, int]) -> dict[str, int]:
    """By the name that a call has."""
    return {"data." + ".".join(map(str, path)): arity for path, arity in arities.items()}
