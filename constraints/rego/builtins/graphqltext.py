"""Trees of GraphQL documents, as OPA's JSON has them, as text. They may be anything that a policy made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.graphqltree import BLOCK, Node

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_COMMENT: Final = re.compile(r"#[^\n\r]*")
_KEYWORDS: Final[Mapping[str, str]] = {
    "SCALAR": "scalar",
    "OBJECT": "type",
    "INTERFACE": "interface",
    "UNION": "union",
    "ENUM": "enum",
    "INPUT_OBJECT": "input",
}
_OPERATIONS: Final = ("query", "mutation", "subscription")
_VARIABLE, _TEXT, _LIST, _OBJECT = 0, 3, 8, 9
_WORDS: Final = (5, 6, 7)  # boolean, null, enum
_NUMBERS: Final = (1, 2)


def query_text(tree: Any) -> str:
    """Operations and fragments. Raises BuiltinError for what OPA cannot read, EvaluationError for what is no text."""
    return "\n".join(
        (*_listed(tree, "Operations", _operation), *_listed(tree, "Fragments", _fragment), _comment(tree, "Comment"))
    )


def schema_text(tree: Any) -> str:
    """Definitions and extensions. Raises BuiltinError for what OPA cannot read, EvaluationError for what is no text."""
    return "\n".join(
        (
            *_listed(tree, "Schema", _schema),
            *_listed(tree, "SchemaExtension", lambda one: _schema(one, "extend ")),
            *_listed(tree, "Directives", _directive_definition),
            *_listed(tree, "Definitions", _definition),
            *_listed(tree, "Extensions", lambda one: _definition(one, "extend ")),
            _comment(tree, "Comment"),
        )
    )


def checked_text(types: Iterable[Node], directives: Iterable[Node], roots: Mapping[str, str]) -> str:
    """A schema that is whole, with the names of the types of its operations."""
    operations = " ".join(f"{operation}: {name}" for operation, name in roots.items())
    start = f"schema {{{operations}}}" if operations else ""
    return "\n".join((start, *map(_directive_definition, directives), *map(_definition, types)))


def _unshown(what: str) -> EvaluationError:
    return EvaluationError(f"graphql: a tree with {what} cannot be written as a document", code="eval_builtin_error")


def _given(node: Any, name: str, kind: type, empty: Any) -> Any:
    """A part of a node, or what stands for it where there is none."""
    if not isinstance(node, dict):
        raise BuiltinError(f"json: cannot unmarshal into Go value of type ast.{name}")
    found = node.get(name)
    if found is None:
        return empty
    if not isinstance(found, kind):
        raise BuiltinError(f"json: cannot unmarshal into Go struct field {name}")
    return found


def _listed(node: Any, name: str, write: Callable[[Any], str]) -> list[str]:
    return [write(one) for one in _given(node, name, list, ())]


def _text(node: Any, name: str) -> str:
    return str(_given(node, name, str, ""))


def _name(node: Any, part: str) -> str:
    return _checked(_text(node, part), part)


def _checked(name: Any, part: str) -> str:
    if not isinstance(name, str):
        raise BuiltinError(f"json: cannot unmarshal into Go struct field {part}")
    if _NAME.fullmatch(name) is None:
        raise _unshown(f"the {part} {json.dumps(name)}")
    return name


def _names(node: Any, part: str) -> list[str]:
    return [_checked(one, part) for one in _given(node, part, list, ())]


def _comment(node: Any, part: str) -> str:
    group = _given(node, part, dict, {})
    lines = [_text(one, "Value") for one in _given(group, "List", list, ())]
    if not all(map(_COMMENT.fullmatch, lines)):
        raise _unshown("a comment of several lines")
    return "".join(f"\n{line}\n" for line in lines)


def _operation(node: Any) -> str:
    kind = _text(node, "Operation") or "query"
    if kind not in _OPERATIONS:
        raise _unshown(f"the Operation {json.dumps(kind)}")
    name = _name(node, "Name") if _text(node, "Name") else ""
    return f"{_comment(node, 'Comment')}{kind} {name}{_variables(node, 'VariableDefinitions')}{_selected(node)}"


def _fragment(node: Any) -> str:
    start = f"{_comment(node, 'Comment')}fragment {_name(node, 'Name')}{_variables(node, 'VariableDefinition')}"
    return f"{start} on {_name(node, 'TypeCondition')}{_selected(node)}"


def _selected(node: Any) -> str:
    selections = _listed(node, "SelectionSet", _selection)
    if not selections:
        raise _unshown("no SelectionSet")
    return f"{_directives(node)}{{{' '.join(selections)}}}"


def _selection(node: Any) -> str:
    """OPA reads every selection as a field."""
    if not _text(node, "Name"):
        raise BuiltinError('Cannot query field ""')
    alias = f"{_name(node, 'Alias')}: " if _text(node, "Alias") else ""
    sub = _listed(node, "SelectionSet", _selection)
    inner = f"{{{' '.join(sub)}}}" if sub else ""
    return f"{_comment(node, 'Comment')}{alias}{_name(node, 'Name')}{_arguments(node)}{_directives(node)}{inner}"


def _variables(node: Any, part: str) -> str:
    return _within("()", _listed(node, part, _variable))


def _variable(node: Any) -> str:
    typed = f"${_name(node, 'Variable')}: {_reference(_given(node, 'Type', dict, {}))}"
    return f"{_comment(node, 'Comment')}{typed}{_default(node)}{_directives(node)}"


def _within(braces: str, parts: list[str]) -> str:
    return f"{braces[0]}{' '.join(parts)}{braces[1]}" if parts else ""


def _arguments(node: Any) -> str:
    return _within("()", _listed(node, "Arguments", _argument))


def _argument(node: Any) -> str:
    return f"{_comment(node, 'Comment')}{_name(node, 'Name')}: {_value(_given(node, 'Value', dict, {}))}"


def _directives(node: Any) -> str:
    return "".join(_listed(node, "Directives", lambda one: f" @{_name(one, 'Name')}{_arguments(one)}"))


def _reference(node: Node) -> str:
    """A reference to a type, as `[A!]!`."""
    mark = "!" if _given(node, "NonNull", bool, False) else ""
    if _text(node, "NamedType"):
        return _name(node, "NamedType") + mark
    return f"[{_reference(_given(node, 'Elem', dict, {}))}]{mark}" if "Elem" in node else _name(node, "NamedType")


def _default(node: Any) -> str:
    given = _given(node, "DefaultValue", dict, None)
    return f" = {_value(given)}" if given is not None else ""


def _value(node: Any) -> str:
    kind, raw = _given(node, "Kind", int, 0), _text(node, "Raw")
    if kind == _VARIABLE:
        return f"${_checked(raw, 'Raw')}"
    if kind in _NUMBERS and _NUMBER.fullmatch(raw):
        return raw
    if kind == _TEXT:
        return json.dumps(raw, ensure_ascii=False)
    if kind == BLOCK:
        from graphql.language.block_string import print_block_string

        return print_block_string(raw)
    if kind in _WORDS:
        return _checked(raw, "Raw")
    comment = _comment(node, "Comment")
    if kind == _LIST:
        parts = _listed(node, "Children", lambda one: _value(_given(one, "Value", dict, {})))
        return f"{comment}[{' '.join(parts)}]"
    if kind == _OBJECT:
        return f"{comment}{{{' '.join(_listed(node, 'Children', _argument))}}}"
    raise _unshown(f"a value of the Kind {kind}")


def _described(node: Any) -> str:
    text = _text(node, "Description")
    shown = f"{_comment(node, 'BeforeDescriptionComment')}{json.dumps(text, ensure_ascii=False)} " if text else ""
    return shown + _comment(node, "AfterDescriptionComment")


def _braced(node: Any, parts: list[str]) -> str:
    return f" {{{' '.join(parts)}{_comment(node, 'EndOfDefinitionComment')}}}" if parts else ""


def _schema(node: Any, extend: str = "") -> str:
    operations = _listed(node, "OperationTypes", _operation_type)
    return f"{_before(node, extend)}schema{_directives(node)}{_braced(node, operations)}"


def _operation_type(node: Any) -> str:
    return f"{_comment(node, 'Comment')}{_name(node, 'Operation')}: {_name(node, 'Type')}"


def _before(node: Any, extend: str) -> str:
    return f"{_comment(node, 'AfterDescriptionComment')}{extend}" if extend else _described(node)


def _directive_definition(node: Any) -> str:
    arguments = _within("()", _listed(node, "Arguments", _input))
    repeatable = " repeatable" if _given(node, "IsRepeatable", bool, False) else ""
    locations = " | ".join(_names(node, "Locations"))
    return f"{_described(node)}directive @{_name(node, 'Name')}{arguments}{repeatable} on {locations}"


def _definition(node: Any, extend: str = "") -> str:
    """The definition of a type, or with `extend ` an extension."""
    kind = _text(node, "Kind")
    if kind not in _KEYWORDS:
        raise _unshown(f"the Kind {json.dumps(kind)}")
    interfaces = " & ".join(_names(node, "Interfaces"))
    types = " | ".join(_names(node, "Types"))
    parts = _listed(node, "Fields", _input if kind == "INPUT_OBJECT" else _field)
    parts += _listed(node, "EnumValues", _enum_value)
    start = f"{_before(node, extend)}{_KEYWORDS[kind]} {_name(node, 'Name')}"
    implements = f" implements {interfaces}" if interfaces else ""
    return f"{start}{implements}{_directives(node)}{f' = {types}' if types else ''}{_braced(node, parts)}"


def _enum_value(node: Any) -> str:
    return f"{_described(node)}{_name(node, 'Name')}{_directives(node)}"


def _field(node: Any) -> str:
    arguments = _within("()", _listed(node, "Arguments", _input))
    return f"{_described(node)}{_name(node, 'Name')}{arguments}: {_typed(node)}"


def _input(node: Any) -> str:
    return f"{_described(node)}{_name(node, 'Name')}: {_typed(node)}"


def _typed(node: Any) -> str:
    return f"{_reference(_given(node, 'Type', dict, {}))}{_default(node)}{_directives(node)}"
