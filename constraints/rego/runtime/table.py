"""The table of names: all that generated code sees, besides builtins and constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.arithmetic import difference
from constraints.rego.builtins.regex import search
from constraints.rego.runtime import calls, conflicts, context, documents, iteration, joins, replacing, rows, templates
from constraints.rego.runtime.index import may_fit
from constraints.rego.values import kinds
from constraints.rego.values.number import is_moderate
from constraints.rego.values.order import compare

_PYTHON: Final[tuple[Callable[..., Any], ...]] = (bool, dict, int, len, list, str, type)
_SINGLE: Final[tuple[Callable[..., Any], ...]] = (BuiltinError, compare, difference, is_moderate, may_fit, search)
_OF_MODULES: Final[Mapping[ModuleType, str]] = {
    calls: "NUMBERS SIZED attempt callable_of failed mocked recalled remembered",
    conflicts: "SPLIT agree agree_function at_keys built one_part put whole_or_split",
    context: "MISSING Mock data_at",
    documents: "Nested branches descend document tree_at whole",
    iteration: "base_lookup contains contains_pair has_members is_collection items_of keys_of missing_keys set_of"
    " sorted_items sorted_values spend spend_copy spend_members spend_size values_of",
    joins: "add_row counted_rows_of own_table_of rows_of table_of",
    kinds: "RegoSet UNDEFINED key_of lookup object_of same",
    replacing: "with_data with_input with_mock",
    rows: "EMPTY report report_all report_member",
    templates: "joined shown",
}

RUNTIME: Final[Mapping[str, Any]] = {
    **{one.__name__: one for one in (*_PYTHON, *_SINGLE)},
    **{name: getattr(module, name) for module, names in _OF_MODULES.items() for name in names.split()},
}
