"""A checked expression to Python's own syntax tree.

Each expression of a policy becomes a function of `slots`: the inputs of a review, the values of variables once they are
known, and of what depends on the constraint's parameters alone. Statements come first, then an expression that gives
the value: `||`, `&&`, `?:` and macros are `if`s and loops, errors are exceptions, caught where CEL absorbs them.
"""

from __future__ import annotations

from typing import Final

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.emitter import Emitter, Emitters
from constraints.cel.emitters.calls import emit_call, emit_index
from constraints.cel.emitters.fields import emit_ident, emit_select
from constraints.cel.emitters.literals import emit_constant, emit_list, emit_map, emit_message
from constraints.cel.emitters.logic import emit_choice, emit_logic, emit_optional_map
from constraints.cel.emitters.loops import emit_loop
from constraints.cel.layout import Layout

EMITTERS: Final[Emitters] = {
    syntax.Literal: emit_constant,
    syntax.Ident: emit_ident,
    syntax.Select: emit_select,
    syntax.Index: emit_index,
    syntax.Call: emit_call,
    syntax.Logic: emit_logic,
    syntax.Choice: emit_choice,
    syntax.ListLiteral: emit_list,
    syntax.MapLiteral: emit_map,
    syntax.Message: emit_message,
    syntax.Loop: emit_loop,
    syntax.OptionalMap: emit_optional_map,
}


def emitter_of(checked: Checked, layout: Layout) -> Emitter:
    """Who writes the function of an expression."""
    return Emitter(checked, layout, EMITTERS)
