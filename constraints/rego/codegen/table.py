"""The table of what translates each construct: the one place where modules of constructs meet."""

from __future__ import annotations

from typing import Final

from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.calls import emit_call
from constraints.rego.codegen.comprehensions import emit_comprehension
from constraints.rego.codegen.emission import Table
from constraints.rego.codegen.inplace import written_here
from constraints.rego.codegen.quantified import emit_every
from constraints.rego.codegen.references import emit_reference, emit_variable
from constraints.rego.codegen.rules import emit_rule, emit_search
from constraints.rego.codegen.terms import (
    emit_array,
    emit_function_name,
    emit_object,
    emit_scalar,
    emit_set,
)
from constraints.rego.syntax import tree

TABLE: Final = Table(
    terms={
        tree.Scalar: emit_scalar,
        tree.Var: emit_variable,
        tree.Ref: emit_reference,
        tree.ArrayTerm: emit_array,
        tree.SetTerm: emit_set,
        tree.ObjectTerm: emit_object,
        tree.Comprehension: emit_comprehension,
        tree.FunctionName: emit_function_name,
    },
    statements={
        tree.Every: emit_every,
        tree.Call: emit_call,
    },
    body=emit_body,
    rule=emit_rule,
    here=written_here,
    search=emit_search,
)
