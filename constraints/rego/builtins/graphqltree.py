"""GraphQL documents as the JSON that OPA makes of them (facts: gqlparser's ast and parser, OPA's topdown/graphql.go).

Everything that is null, and every list and object that is empty, is left out; so are places in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from constraints.rego.builtins import BuiltinError

Node = dict[str, Any]

KINDS: Final[Mapping[str, int]] = {
    "variable": 0,
    "int_value": 1,
    "float_value": 2,
    "string_value": 3,
    "boolean_value": 5,
    "null_value": 6,
    "enum_value": 7,
    "list_value": 8,
    "object_value": 9,
}
"""The numbers that stand for the kinds of values."""

BLOCK: Final = 4
"""The kind of a text between three quotes."""

TYPES: Final[Mapping[str, str]] = {
    "scalar_type": "SCALAR",
    "object_type": "OBJECT",
    "interface_type": "INTERFACE",
    "union_type": "UNION",
    "enum_type": "ENUM",
    "input_object_type": "INPUT_OBJECT",
}
"""The kinds of types, by the library's names."""


def query_tree(document: Any) -> Node:
    """The tree of a document with operations and fragments only."""
    found = document.definitions
    return _node(
        Operations=[_operation(one) for one in found if one.kind == "operation_definition"],
        Fragments=[_fragment(one) for one in found if one.kind == "fragment_definition"],
    )


def schema_tree(document: Any) -> Node:
    """The tree of a document with definitions and extensions of types, of directives and of the schema only."""
    parts: dict[str, list[Node]] = {}
    for one in document.definitions:
        name, write = _place(one.kind)
        parts.setdefault(name, []).append(write(one))
    return _node(**parts, Comment=_comment(document.loc.end_token))


def _place(kind: str) -> tuple[str, Callable[[Any], Node]]:
    if kind == "schema_definition":
        return "Schema", _schema
    if kind == "schema_extension":
        return "SchemaExtension", _schema
    if kind == "directive_definition":
        return "Directives", _directive_definition
    return ("Extensions" if kind.endswith("extension") else "Definitions"), _type_definition


def _node(**fields: Any) -> Node:
    return {name: given for name, given in fields.items() if given is not None and given != [] and given != {}}


def _each(write: Callable[[Any], Node], nodes: Iterable[Any] | None) -> list[Node]:
    return [write(one) for one in nodes or ()]


def _comment(token: Any) -> Node:
    """The comments right before a token."""
    found: list[Node] = []
    before = token.prev
    while before is not None and before.kind.value == "Comment":
        found.append({"Value": f"#{before.value}"})
        before = before.prev
    return _node(List=found[::-1])


def _commented(node: Any) -> Node:
    return _comment(node.loc.start_token)


def _operation(node: Any) -> Node:
    return _node(
        Operation=node.operation.value,
        Name=node.name.value if node.name else "",
        VariableDefinitions=_each(_variable, node.variable_definitions),
        Directives=_each(_directive, node.directives),
        SelectionSet=_selections(node),
        Comment={} if node.loc.start_token.kind.value == "{" else _commented(node),  # one without a keyword has none
    )


def _fragment(node: Any) -> Node:
    return _node(
        Name=node.name.value,
        VariableDefinition=_each(_variable, getattr(node, "variable_definitions", ())),
        TypeCondition=node.type_condition.name.value,
        Directives=_each(_directive, node.directives),
        SelectionSet=_selections(node),
        Comment=_commented(node),
    )


def _variable(node: Any) -> Node:
    return _node(
        Variable=node.variable.name.value,
        Type=_type(node.type),
        DefaultValue=_default(node),
        Directives=_each(_directive, node.directives),
        Used=False,
        Comment=_commented(node),
    )


def _selections(node: Any) -> list[Node]:
    return _each(_selection, node.selection_set.selections) if node.selection_set else []


def _selection(node: Any) -> Node:
    directives = _each(_directive, node.directives)
    if node.kind == "fragment_spread":
        if node.arguments:  # the library's own
            raise BuiltinError("Expected Name, found (")
        return _node(Name=node.name.value, Directives=directives, Comment=_commented(node))
    if node.kind == "inline_fragment":
        condition = node.type_condition.name.value if node.type_condition else ""
        return _node(
            TypeCondition=condition, Directives=directives, SelectionSet=_selections(node), Comment=_commented(node)
        )
    return _node(
        Alias=(node.alias or node.name).value,
        Name=node.name.value,
        Arguments=_each(_argument, node.arguments),
        Directives=directives,
        SelectionSet=_selections(node),
        Comment=_commented(node),
    )


def _argument(node: Any) -> Node:
    return _node(Name=node.name.value, Value=_value(node.value), Comment=_commented(node))


def _directive(node: Any) -> Node:
    arguments = _each(_argument, node.arguments)
    return _node(Name=node.name.value, Arguments=arguments, Location="")


def _type(node: Any) -> Node:
    if node.kind == "non_null_type":
        return {**_type(node.type), "NonNull": True}
    if node.kind == "list_type":
        return {"NamedType": "", "Elem": _type(node.type), "NonNull": False}
    return {"NamedType": node.name.value, "NonNull": False}


def _default(node: Any) -> Node | None:
    return _value(node.default_value) if node.default_value else None


def _value(node: Any) -> Node:
    kind = BLOCK if getattr(node, "block", False) else KINDS[node.kind]
    children: list[Node] = []
    if node.kind == "list_value":
        children = [{"Name": "", "Value": _value(one)} for one in node.values]
    if node.kind == "object_value":
        children = _each(_argument, node.fields)
    comment = _commented(node) if node.kind in ("list_value", "object_value") else {}
    return _node(Raw=_raw(node), Children=children, Kind=kind, ExpectedTypeHasDefault=False, Comment=comment)


def _raw(node: Any) -> str:
    if node.kind == "variable":
        return str(node.name.value)
    if node.kind == "null_value":
        return "null"
    given = getattr(node, "value", "")
    return given if isinstance(given, str) else "true" if given else "false"


def _described(node: Any) -> Node:
    """What definitions have before their name: `Before` and `After` say where comments stand about a description."""
    text = node.description.value if getattr(node, "description", None) else ""
    start = first = node.loc.start_token
    if text or getattr(node, "description", None):
        first = node.description.loc.end_token.next
        while first.kind.value == "Comment":
            first = first.next
    before = _comment(start) if text else {}
    return _node(Description=text, BeforeDescriptionComment=before, AfterDescriptionComment=_comment(first))


def _ended(node: Any) -> Node:
    end = node.loc.end_token
    return _node(EndOfDefinitionComment=_comment(end) if end.kind.value == "}" else {})


def _schema(node: Any) -> Node:
    operations = [
        _node(Operation=one.operation.value, Type=one.type.name.value, Comment=_commented(one))
        for one in node.operation_types or ()
    ]
    directives = _each(_directive, node.directives)
    return _node(**_described(node), Directives=directives, OperationTypes=operations, **_ended(node))


def _directive_definition(node: Any) -> Node:
    return _node(
        **_described(node),
        Name=node.name.value,
        Arguments=_each(_input, node.arguments),
        Locations=[one.value for one in node.locations],
        IsRepeatable=node.repeatable,
    )


def _type_definition(node: Any) -> Node:
    kind = TYPES[node.kind.rpartition("_")[0]]
    return _node(
        **_described(node),
        Kind=kind,
        Name=node.name.value,
        Interfaces=[one.name.value for one in getattr(node, "interfaces", None) or ()],
        Directives=_each(_directive, node.directives),
        Fields=_each(_input if kind == "INPUT_OBJECT" else _field, getattr(node, "fields", None)),
        Types=[one.name.value for one in getattr(node, "types", None) or ()],
        EnumValues=_each(_named, getattr(node, "values", None)),
        BuiltIn=False,
        **_ended(node),
    )


def _named(node: Any) -> Node:
    return _node(**_described(node), Name=node.name.value, Directives=_each(_directive, node.directives))


def _field(node: Any) -> Node:
    return {**_named(node), **_node(Arguments=_each(_input, node.arguments), Type=_type(node.type))}


def _input(node: Any) -> Node:
    return {**_named(node), **_node(Type=_type(node.type), DefaultValue=_default(node))}
