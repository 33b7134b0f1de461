"""A constraint, checked against its template (contract, sections 4.4 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from constraints import crd, schema
from constraints.actions import SCOPED, action_of, scoped_actions
from constraints.errors import ConstraintError
from constraints.fields import quoted
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
    """Raises ConstraintError; the texts are those of gator where they are not about our own limits."""
    filled = check(obj, template)
    metadata, spec = mapping(filled.get("metadata")), mapping(filled.get("spec"))
    action = action_of(spec)
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
        actions=scoped_actions(spec, point) if action == SCOPED else (action,),
        obj=obj,
    )


def check(obj: Object, template: Template) -> Mapping[str, Json]:
    """The constraint with the defaults of its schema. Raises ConstraintError."""
    wanted = crd.constraint_schema(template)
    problems = schema.validate(obj, wanted)
    if problems:
        texts = [f"[].{problem}" for problem in problems]
        raise ConstraintError(f"schema validation failed: {texts[0] if len(texts) == 1 else '[' + ', '.join(texts) + ']'}")
    unknown = schema.unknown_fields(obj, wanted)
    if unknown:
        raise ConstraintError(f"invalid Constraint: unknown fields: [{', '.join(unknown)}]")
    filled: Mapping[str, Json] = schema.defaults(obj, wanted)
    _check_identity(filled, template)
    return filled


def _check_identity(obj: Mapping[str, Json], template: Template) -> None:
    name = mapping(obj.get("metadata")).get("name")
    if not isinstance(name, str) or not crd.is_dns_name(name):
        raise ConstraintError(f"invalid Constraint: invalid name: {quoted(crd.DNS_NAME_RULE)}")
    group, _, version = _text(obj.get("apiVersion")).rpartition("/")
    if group != crd.GROUP:
        raise ConstraintError(f"invalid Constraint: wrong group: {quoted(group)} is not {crd.GROUP}")
    if version not in crd.VERSIONS:
        raise ConstraintError(f"invalid Constraint: wrong version: {quoted(version)} is none of {', '.join(crd.VERSIONS)}")
    if obj.get("kind") != template.kind:
        raise ConstraintError(f"invalid Constraint: wrong kind: {quoted(obj.get('kind'))} is not {template.kind}")


def _takes(groups: tuple[str, ...], kinds: tuple[str, ...], kind: Kind) -> bool:
    if groups and _ANY not in groups and kind.group not in groups:
        return False
    return not kinds or not kind.kind or _ANY in kinds or kind.kind in kinds


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
