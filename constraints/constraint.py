"""A constraint, checked against its template (compatibility, sections 5.2 and 7)."""

from __future__ import annotations

from collections.abc import Mapping

from constraints import crd, schema
from constraints.actions import actions_of
from constraints.errors import ConstraintError
from constraints.fields import compact, quoted, type_name
from constraints.model import Constraint, Json, Object, Point
from constraints.review import mapping
from constraints.template import Template


def parse(obj: Object, template: Template, point: Point) -> Constraint:
    """Check a constraint against its template. Raises ConstraintError, in the words of gator where gator has some."""
    _check_identity(obj, template)
    _check_selectors(obj)
    filled = _check_schema(obj, template)
    metadata, spec = filled["metadata"], mapping(filled.get("spec"))
    action, actions = actions_of(spec, point)
    annotations = metadata.get("annotations")
    return Constraint(
        kind=template.kind,
        name=metadata["name"],
        uid=_text(metadata.get("uid")),
        generation=_integer(metadata.get("generation")),
        annotations=annotations if isinstance(annotations, Mapping) else None,
        api_version=filled["apiVersion"],
        match=mapping(spec.get("match")),
        parameters=spec.get("parameters", {}),
        action=action,
        actions=actions,
        obj=obj,
    )


def _check_identity(obj: Object, template: Template) -> None:
    name = mapping(obj.get("metadata")).get("name")
    if not isinstance(name, str) or not name:
        raise ConstraintError("invalid Constraint: missing metadata.name")
    broken = crd.broken_name_rule(name)
    if broken:
        raise ConstraintError(f"invalid Constraint: invalid name: {compact(broken)}")
    group, _, version = _text(obj.get("apiVersion")).rpartition("/")
    if group != crd.GROUP:
        raise ConstraintError(
            f"invalid Constraint: apiVersion: unsupported group {quoted(group)}, it must be {crd.GROUP}"
        )
    if version not in crd.VERSIONS:
        supported = ", ".join(crd.VERSIONS)
        raise ConstraintError(
            f"invalid Constraint: apiVersion: unsupported version {quoted(version)}; supported versions: {supported}"
        )
    if obj.get("kind") != template.kind:
        raise ConstraintError(f"invalid Constraint: wrong kind {quoted(obj.get('kind'))}, it must be {template.kind}")


def _check_selectors(obj: Object) -> None:
    """gator looks whether selectors are objects before it looks at the schema."""
    match = mapping(mapping(obj.get("spec")).get("match"))
    for field in ("labelSelector", "namespaceSelector"):
        if field in match and not isinstance(match[field], Mapping):
            found = f"{_go_text(match[field])} is of the type {_go_type(match[field])}"
            raise ConstraintError(
                f"invalid Constraint: .spec.match.{field} accessor error: {found}, expected map[string]interface{{}}"
            )


def _check_schema(obj: Object, template: Template) -> dict[str, Json]:
    """The constraint with the defaults of its schema."""
    wanted = crd.constraint_schema(template)
    body = {name: value for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata")}
    body["metadata"] = {"name": obj["metadata"]["name"]}  # the rest of it is Kubernetes' own
    problems = [f"[].{problem}" if problem.path else f"[]: {problem}" for problem in schema.validate(body, wanted)]
    if problems:
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise ConstraintError(f"schema validation failed: {listed}")
    unknown = schema.unknown_fields(body, wanted)
    if unknown:
        raise ConstraintError(f"invalid Constraint: unknown fields: [{' '.join(unknown)}]")
    return {**obj, **schema.defaults(body, wanted), "metadata": obj["metadata"]}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _go_type(value: Json) -> str:
    return _GO_TYPES.get(type_name(value), "float64")


def _go_text(value: Json) -> str:
    return "<nil>" if value is None else value if isinstance(value, str) else quoted(value)


_GO_TYPES = {"null": "<nil>", "string": "string", "boolean": "bool", "array": "[]interface {}"}
