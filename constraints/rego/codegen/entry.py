"""The rule that a constraint is about, as a function that fills a table of messages and details.

What Gatekeeper reads of the members of `violation` is msg and details (compatibility, section 8.1).
"""

from __future__ import annotations

from functools import partial

from constraints.rego.codegen.callees import answer_of
from constraints.rego.codegen.collecting import count_held
from constraints.rego.codegen.dispatch import value_of, values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.partial import Opened, collect_from, sharing, written_out
from constraints.rego.codegen.reading import kept, load, needed
from constraints.rego.codegen.tree import SET, Branch, Clause
from constraints.rego.syntax.tree import ObjectTerm, Scalar, Term


def emit_entry(emission: Emission, branch: Branch) -> str:
    """The function's name. It gives the table, each row a pair (message, details)."""
    function = emission.unit.new("evaluate")
    block, _ = sharing(emission, lambda opened: _rows(emission, branch, opened))
    with emission.at(branch.rule.clauses[0].rule.span if branch.rule else emission.nodes.span):
        emission.add(emission.nodes.function(function, ["c"], block))
    return function


def _rows(emission: Emission, branch: Branch, opened: Opened) -> list[Operand]:
    nodes, found = emission.nodes, emission.nodes.name("found")
    emission.emit(nodes.assign("found", nodes.mapping([])))
    if branch.rule is not None and branch.rule.kind == SET:
        for clause in written_out(emission, branch.rule):
            collect_from(emission, clause, opened, partial(_report, emission, clause))
    else:
        members = kept(emission, answer_of(emission, branch), "members")
        emission.emit(nodes.do(nodes.call("report_all", found, load(emission, members))))
    emission.emit(nodes.give(found))
    return []


def _report(emission: Emission, found: Clause) -> None:
    """Add a row for a member, whose parts stand alone where they are written out."""
    key = found.rule.head.key
    assert key is not None
    count_held(emission, key)
    parts = _parts(key)
    if parts is None:
        _report_member(emission, key)
        return
    names = ["msg", *[name for name in parts if name != "msg"]]
    values = values_of(emission, [parts[name] for name in names])
    if values is not None:
        known = dict(zip(names, values, strict=True))
        _add_row(emission, kept(emission, known["msg"], "msg"), known.get("details"))


def _report_member(emission: Emission, key: Term) -> None:
    nodes, member = emission.nodes, needed(emission, value_of(emission, key), "member")
    if member is not None:
        emission.emit(nodes.do(nodes.call("report_member", nodes.name("found"), load(emission, member))))


def _add_row(emission: Emission, message: Operand, details: Operand | None) -> None:
    nodes, found = emission.nodes, emission.nodes.name("found")
    if details is None and message.kind == "string":
        row = nodes.row([load(emission, message), nodes.name("EMPTY")])
        emission.emit(nodes.assign_item(found, load(emission, message), row))
        return
    arguments = [load(emission, message)] if details is None else [load(emission, message), load(emission, details)]
    emission.emit(nodes.do(nodes.call("report", found, *arguments)))


def _parts(key: Term) -> dict[str, Term] | None:
    """The parts of an object that is written out with a message; None for any other term."""
    if not isinstance(key, ObjectTerm) or not all(isinstance(name, Scalar) for name, _ in key.pairs):
        return None
    parts = {name.value: value for name, value in key.pairs if isinstance(name, Scalar) and isinstance(name.value, str)}
    return parts if len(parts) == len(key.pairs) and "msg" in parts else None
