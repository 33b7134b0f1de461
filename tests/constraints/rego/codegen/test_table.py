"""The table has a translation for whatever stands in a body; what each of them gives is seen in OPA's own cases."""

from __future__ import annotations

from typing import get_args

from constraints.rego.codegen.table import TABLE
from constraints.rego.syntax import tree


def test_each_kind_of_term_has_its_translation() -> None:
    statements = {tree.Call, tree.TemplateString}  # strings with values are calls by then
    assert {*TABLE.terms, *statements} == set(get_args(tree.Term))


def test_what_is_a_statement_alone_has_its_translation() -> None:
    assert TABLE.statements.keys() >= {tree.Every, tree.Call}
    assert not TABLE.statements.keys() & TABLE.terms.keys()
