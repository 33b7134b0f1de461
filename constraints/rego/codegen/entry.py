"""The rule that a constraint is about, as a function that fills a table of messages and details."""

from __future__ import annotations

from functools import partial

from constraints.rego.codegen.base import Operand
from constraints.rego.codegen.rewrites.indices import Indices
from constraints.rego.codegen.tree import SET, Branch, Definition
from constraints.rego.syntax.tree import ObjectTerm, Scalar, Term


class Entry(Indices):
    """Emits `violation` of a template: what Gatekeeper reads of its members is msg and details (compatibility, section 8.1)."""

    def emit_entry(self, branch: Branch) -> str:
        """The function's name. It gives the table, each row a pair (message, details)."""
        function = self.unit.new("evaluate")
        block = self.collecting(lambda: self._rows(branch))
        with self.at(branch.rule.definitions[0].rule.span if branch.rule else self.nodes.span):
            self.add(self.nodes.function(function, ["c"], block))
        return function

    def _rows(self, branch: Branch) -> None:
        self.emit(self.nodes.assign("found", self.nodes.mapping([])))
        if branch.rule is not None and branch.rule.kind == SET:
            for definition in self.expanded(branch.rule):
                self._collected_from(definition, partial(self._report, definition))
        else:
            value = self.kept(self.rule(branch), "members")
            self.emit(self.nodes.do(self.runtime("report_all", self.nodes.name("found"), self.load(value))))
        self.emit(self.nodes.give(self.nodes.name("found")))

    def _report(self, found: Definition) -> None:
        key = found.rule.head.key
        assert key is not None
        self.held(key)
        parts = _parts(key)
        if parts is None:
            self._report_member(key)
            return
        values = self.terms([parts["msg"], *[term for name, term in parts.items() if name != "msg"]])
        if values is None:
            return
        names = ["msg", *[name for name in parts if name != "msg"]]
        known = dict(zip(names, values, strict=True))
        self._add_row(self.kept(known["msg"], "msg"), known.get("details"))

    def _report_member(self, key: Term) -> None:
        value = self.needed(self.term(key), "member")
        if value is not None:
            node = self.runtime("report_member", self.nodes.name("found"), self.load(value))
            self.emit(self.nodes.do(node))

    def _add_row(self, message: Operand, details: Operand | None) -> None:
        if details is None and message.kind == "string":
            row = self.nodes.row([self.load(message), self.nodes.name("EMPTY")])
            self.emit(self.nodes.assign_item(self.nodes.name("found"), self.load(message), row))
            return
        arguments = [self.load(message)] if details is None else [self.load(message), self.load(details)]
        self.emit(self.nodes.do(self.runtime("report", self.nodes.name("found"), *arguments)))


def _parts(key: Term) -> dict[str, Term] | None:
    """The parts of an object that is written out with a message; None for any other term."""
    if not isinstance(key, ObjectTerm) or not all(isinstance(name, Scalar) for name, _ in key.pairs):
        return None
    parts = {name.value: value for name, value in key.pairs if isinstance(name, Scalar) and isinstance(name.value, str)}
    return parts if len(parts) == len(key.pairs) and "msg" in parts else None
