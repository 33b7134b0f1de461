"""A constraint, checked against its template (contract, sections 4.4 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from constraints import crd, schema
from constraints.actions import SCOPED, actions_of
from constraints.errors import ConstraintError
from constraints.fields import compact, quoted, type_name
from constraints.model import Json, Kind, Object, Point
from constraints.review import mapping
from constraints.template import Template

_ANY = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A checked constraint.

    `match` is `spec.match` as it came, `parameters` has the schema's defaults filled in. `actions` are the distinct
    actions at the engine's point: empty when a `scoped` constraint is not enforced there. `annotations` is None when
    there are none. `obj` is the object as it came, status included.
    """

    kind: str
    name: str
    uid: str
    generation: int
    annotations: Mapping[str, str] | None
    api_version: str
    match: Mapping[str, Json]
    parameters: Json
    action: str
    actions: tuple[str, ...]
    obj: Object

    @property
    def key(self) -> str:
        """`Kind/name`."""
        return f"{self.kind}/{self.name}"

    @property
    def scoped(self) -> bool:
        """Whether the actions depend on the enforcement point."""
        return self.action == SCOPED

    @property
    def enforced(self) -> bool:
        """Whether it has an action at the engine's point."""
        return bool(self.actions)

    @property
    def kinds(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """The entries of `match.kinds` as (apiGroups, kinds); empty when it takes every kind."""
        entries = [mapping(entry) for entry in self.match.get("kinds") or ()]
        return tuple((tuple(e.get("apiGroups") or ()), tuple(e.get("kinds") or ())) for e in entries)

    def may_match(self, kind: Kind) -> bool:
        """Whether `match.kinds` takes `kind`, its version ignored; an empty `kind.kind` is any kind of the group."""
        entries = self.kinds
        return not entries or any(_takes(groups, kinds, kind) for groups, kinds in entries)


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


def _takes(groups: tuple[str, ...], kinds: tuple[str, ...], kind: Kind) -> bool:
    if groups and _ANY not in groups and kind.group not in groups:
        return False
    return not kinds or not kind.kind or _ANY in kinds or kind.kind in kinds


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _go_type(value: Json) -> str:
    return _GO_TYPES.get(type_name(value), "float64")


def _go_text(value: Json) -> str:
    return "<nil>" if value is None else value if isinstance(value, str) else quoted(value)


_GO_TYPES = {"null": "<nil>", "string": "string", "boolean": "bool", "array": "[]interface {}"}
