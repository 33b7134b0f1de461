"""Which GraphQL schemas OPA takes for valid (facts: gqlparser's validator/schema.go); the words are those of its
errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from constraints.dataclass import value
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.graphqltree import Node
from constraints.rego.values.sizes import spend

PRELUDE: Final = """
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
"""
"""The directives that every schema has."""

_BUILT_IN: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Int", "Float", "String", "Boolean", "ID"), "SCALAR"),
    **dict.fromkeys(("__Schema", "__Type", "__Field", "__InputValue", "__EnumValue", "__Directive"), "OBJECT"),
    **dict.fromkeys(("__TypeKind", "__DirectiveLocation"), "ENUM"),
}
_AGAIN: Final = frozenset(("include", "skip", "deprecated", "specifiedBy", "defer", "oneOf"))
_PARTS: Final = ("Directives", "Interfaces", "Fields", "Types", "EnumValues")
_INPUTS: Final = ("SCALAR", "ENUM", "INPUT_OBJECT")
_OUTPUTS: Final = ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM")
_ROOTS: Final[Mapping[str, str]] = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
_EMPTY: Final[Mapping[str, str]] = {
    "OBJECT": "must define one or more fields",
    "INTERFACE": "must define one or more fields",
    "ENUM": "must define one or more unique enum values",
    "INPUT_OBJECT": "must define one or more input fields",
}
_CHECKED: Final = 10  # steps for a comparison


@value
class Schema:
    """Types and directives by name, the types with their extensions; the names of the types of operations."""

    types: Mapping[str, Node]
    directives: Mapping[str, Node]
    roots: Mapping[str, str]
    subtypes: Mapping[str, frozenset[str]]

    def own_types(self) -> list[Node]:
        """Those that are not built in."""
        return [one for name, one in self.types.items() if name not in _BUILT_IN]


def schema_of(tree: Node, prelude: Node) -> Schema:
    """The schema that a document defines. Raises BuiltinError for one that is not valid."""
    types = _types(tree)
    directives = _directives((*prelude["Directives"], *tree.get("Directives", ())))
    schema = Schema(types, directives, _roots(tree, types), _subtypes(types))
    for one in (*tree.get("Schema", ()), *tree.get("SchemaExtension", ())):
        _check_directives(schema, one, "SCHEMA")
    for name in sorted(types):
        if name not in _BUILT_IN or len(types[name]) > 2:
            _check_type(schema, types[name])
    for name in sorted(directives):
        _check_name(name)
        _check_arguments(schema, directives[name], name)
    return schema


def _types(tree: Node) -> dict[str, Node]:
    types: dict[str, Node] = {name: {"Name": name, "Kind": kind} for name, kind in _BUILT_IN.items()}
    for one in tree.get("Definitions", ()):
        if one["Name"] in types:
            raise BuiltinError(f"Cannot redeclare type {one['Name']}")
        types[one["Name"]] = {**one, **{part: list(one.get(part, ())) for part in _PARTS}}
    for one in tree.get("Extensions", ()):
        name, kind = one["Name"], one["Kind"]
        base = types.setdefault(name, {"Name": name, "Kind": kind})
        if base["Kind"] != kind:
            raise BuiltinError(f"Cannot extend type {name} because the base type is a {base['Kind']}, not {kind}")
        for part in _PARTS:
            base.setdefault(part, []).extend(one.get(part, ()))
    return types


def _directives(definitions: Iterable[Node]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for one in definitions:
        name = one["Name"]
        if name in found and name not in _AGAIN:
            raise BuiltinError(f"Cannot redeclare directive {name}")
        found[name] = one
    return found


def _roots(tree: Node, types: Mapping[str, Node]) -> dict[str, str]:
    schemas = tree.get("Schema", ())
    if len(schemas) > 1:
        raise BuiltinError("Cannot have multiple schema entry points, consider schema extensions instead")
    roots: dict[str, str] = {}
    for one in (*schemas, *tree.get("SchemaExtension", ())):
        for root in one.get("OperationTypes", ()):
            if root["Type"] not in types:
                raise BuiltinError(
                    f"Schema root {root['Operation']} refers to a type {root['Type']} that does not exist"
                )
            roots[root["Operation"]] = root["Type"]
    if schemas:
        return roots
    return {operation: name for operation, name in _ROOTS.items() if name in types} | roots


def _subtypes(types: Mapping[str, Node]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, one in types.items():
        for interface in one.get("Interfaces", ()):
            found.setdefault(interface, set()).add(name)
        if one["Kind"] == "UNION":
            found.setdefault(name, set()).update(one.get("Types", ()))
    return {name: frozenset(members) for name, members in found.items()}


def _check_name(name: str) -> None:
    if name.startswith("__"):
        raise BuiltinError(f'Name "{name}" must not begin with "__", which is reserved by GraphQL introspection')


def _check_type(schema: Schema, one: Node) -> None:
    name, kind, fields = one["Name"], one["Kind"], one.get("Fields", ())
    for field in fields:
        _check_field(schema, field, kind)
    _check_members(schema, one)
    for interface in one.get("Interfaces", ()):
        _check_interface(schema, one, interface)
    if kind in _EMPTY and name not in _BUILT_IN and not one["EnumValues" if kind == "ENUM" else "Fields"]:
        raise BuiltinError(f"{kind} {name}: {_EMPTY[kind]}")
    for field in fields:
        _check_kind(schema, one, field)
    for member in one.get("EnumValues", ()):
        if member["Name"] in ("true", "false", "null"):
            raise BuiltinError(f"{kind} {name}: non-enum value {member['Name']}")
        _check_directives(schema, member, "ENUM_VALUE")
    _check_once(name, fields)
    if name not in _BUILT_IN:
        _check_name(name)
    _check_directives(schema, one, kind)


def _check_members(schema: Schema, union: Node) -> None:
    for member in union.get("Types", ()):
        if member not in schema.types:
            raise BuiltinError(f'Undefined type "{member}"')
        if schema.types[member]["Kind"] != "OBJECT":
            raise BuiltinError(f'{union["Kind"]} type "{member}" must be OBJECT')


def _check_field(schema: Schema, field: Node, kind: str) -> None:
    _check_name(field["Name"])
    _named(schema, field["Type"])
    _check_arguments(schema, field)
    _check_directives(schema, field, "INPUT_FIELD_DEFINITION" if kind == "INPUT_OBJECT" else "FIELD_DEFINITION")


def _check_kind(schema: Schema, one: Node, field: Node) -> None:
    kind, found = one["Kind"], _named(schema, field["Type"])["Kind"]
    if kind == "INPUT_OBJECT" and found not in _INPUTS:
        raise BuiltinError(f"{found} {field['Name']}: field must be one of {', '.join(_INPUTS)}")
    if kind != "INPUT_OBJECT" and found not in _OUTPUTS:
        raise BuiltinError(f"{kind} {one['Name']}: field must be one of {', '.join(_OUTPUTS)}")


def _check_once(name: str, fields: Sequence[Node]) -> None:
    seen: set[str] = set()
    for field in fields:
        if field["Name"] in seen:
            raise BuiltinError(f"Field {name}.{field['Name']} can only be defined once")
        seen.add(field["Name"])


def _named(schema: Schema, reference: Node) -> Node:
    name = _name_in(reference)
    if name not in schema.types:
        raise BuiltinError(f"Undefined type {name}")
    return schema.types[name]


def _name_in(reference: Node) -> str:
    while "Elem" in reference:
        reference = reference["Elem"]
    return str(reference["NamedType"])


def _shown(reference: Node) -> str:
    mark = "!" if reference["NonNull"] else ""
    return f"[{_shown(reference['Elem'])}]{mark}" if "Elem" in reference else f"{reference['NamedType']}{mark}"


def _check_arguments(schema: Schema, owner: Node, directive: str = "") -> None:
    for one in owner.get("Arguments", ()):
        _check_name(one["Name"])
        kind = _named(schema, one["Type"])["Kind"]
        if kind not in _INPUTS:
            shown = f"cannot use {_shown(one['Type'])} as argument {one['Name']}"
            raise BuiltinError(f"{shown} because {kind} is not a valid input type")
        _check_directives(schema, one, "ARGUMENT_DEFINITION", directive)


def _check_directives(schema: Schema, owner: Node, location: str, current: str = "") -> None:
    for one in owner.get("Directives", ()):
        name = one["Name"]
        _check_name(name)
        if name == current:
            raise BuiltinError(f"Directive {name} cannot refer to itself")
        if name not in schema.directives:
            raise BuiltinError(f"Undefined directive {name}")
        definition = schema.directives[name]
        spend(len(definition["Locations"]))
        if location not in definition["Locations"]:
            raise BuiltinError(f"Directive {name} is not applicable on {location}")
        _check_given(one, definition)


def _check_given(one: Node, definition: Node) -> None:
    given: dict[str, Node] = {}
    for argument in one.get("Arguments", ()):
        given.setdefault(argument["Name"], argument["Value"])
    wanted = {argument["Name"]: argument for argument in definition.get("Arguments", ())}
    spend(len(wanted) * _CHECKED)
    for name in given:
        if name not in wanted:
            raise BuiltinError(f"Undefined argument {name} for directive {one['Name']}")
    for name, argument in wanted.items():
        needed = argument["Type"]["NonNull"] and "DefaultValue" not in argument
        if needed and (name not in given or given[name]["Kind"] == 6):
            raise BuiltinError(f"Argument {name} for directive {one['Name']} cannot be null")


def _check_interface(schema: Schema, one: Node, name: str) -> None:
    interface = schema.types.get(name)
    if interface is None:
        raise BuiltinError(f'Undefined type "{name}"')
    if interface["Kind"] != "INTERFACE":
        raise BuiltinError(f'"{name}" is a non interface type {interface["Kind"]}')
    spend((len(interface.get("Fields", ())) + len(one.get("Fields", ()))) * _CHECKED)
    own = {field["Name"]: field for field in reversed(one.get("Fields", ()))}
    for field in interface.get("Fields", ()):
        if field["Name"] not in own:
            raise BuiltinError(f"For {one['Name']} to implement {name} it must have a field called {field['Name']}")
        _check_implemented(schema, f"For {one['Name']} to implement {name}", field, own[field["Name"]])
    for other in interface.get("Interfaces", ()):
        spend(len(one["Interfaces"]))
        if other not in one["Interfaces"]:
            if other == one["Name"]:
                raise BuiltinError(f"Type {other} cannot implement {name} because it would create a circular reference")
            raise BuiltinError(f"Type {one['Name']} must implement {other} because it is implemented by {name}")


def _check_implemented(schema: Schema, told: str, wanted: Node, own: Node) -> None:
    name = wanted["Name"]
    if not _covariant(schema, wanted["Type"], own["Type"]):
        raise BuiltinError(f"{told} the field {name} must have type {_shown(wanted['Type'])}")
    spend((len(wanted.get("Arguments", ())) + len(own.get("Arguments", ()))) * _CHECKED)
    needed = {one["Name"]: one for one in wanted.get("Arguments", ())}
    given = {one["Name"]: one for one in reversed(own.get("Arguments", ()))}
    for argument, one in needed.items():
        same = f"{told} the field {name} must have the same arguments but"
        if argument not in given:
            raise BuiltinError(f"{same} it is missing {argument}")
        if not _compatible(one["Type"], given[argument]["Type"]):
            raise BuiltinError(f"{same} {argument} has the wrong type")
    for argument, one in given.items():
        if argument not in needed and one["Type"]["NonNull"] and "DefaultValue" not in one:
            rest = f"must be optional or have a default value but {argument} is required"
            raise BuiltinError(f"{told} any additional arguments on {name} {rest}")


def _covariant(schema: Schema, wanted: Node, own: Node) -> bool:
    if wanted["NonNull"] and not own["NonNull"]:
        return False
    if "Elem" in wanted:
        return "Elem" in own and _covariant(schema, wanted["Elem"], own["Elem"])
    name = wanted["NamedType"]
    return name == own["NamedType"] or own["NamedType"] in schema.subtypes.get(name, ())


def _compatible(wanted: Node, own: Node) -> bool:
    if wanted["NamedType"] != own["NamedType"]:
        return False
    if "Elem" in wanted and ("Elem" not in own or not _compatible(wanted["Elem"], own["Elem"])):
        return False
    return bool(wanted["NonNull"]) or not own["NonNull"]
