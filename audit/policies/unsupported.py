"""Resources that change what Gatekeeper's audit finds, and that nothing is made of here: while they exist, it is said.

Some are none of these: a Connection changes no result, and mutators change, in an audit, only what ExpansionTemplates
generate, which is said already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from audit.errors import KubeError
from audit.model import Resource, TemplateRecord
from audit.policies.reading import Reader
from constraints import Cause, Constraint, Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import Json, Object

EXPANSIONS = "expansion.gatekeeper.sh"
PROVIDERS = "externaldata.gatekeeper.sh"
REASON = "Unsupported"
_NAMED = 5  # of many objects so many are named
_CALL = "external_data"


@dataclass(frozen=True, slots=True)
class InForce:
    """What may be touched: the constraints that are enforced, and all templates, also those in error."""

    constraints: Sequence[Constraint]
    templates: Sequence[TemplateRecord]


@dataclass(frozen=True, slots=True)
class Unheeded:
    """The objects of one unsupported kind; `error` says why they could not be listed."""

    resource: Resource
    objects: tuple[Object, ...] = ()
    error: KubeError | None = None

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.resource.plural} could not be listed ({self.error})"
        return f"{self.resource.kind.kind} {_some([str(obj['metadata']['name']) for obj in self.objects])}"


Touched = Callable[[Unheeded, InForce], Iterable[Gap]]


def unsupported(reader: Reader, policies: InForce) -> tuple[Gap, ...]:
    """What the unsupported resources of this cluster touch: each is told once, with all policies that it touches."""
    gaps: list[Gap] = []
    for (group, kind), touched in UNSUPPORTED.items():
        resource = reader.known(group, kind)
        found = _found(reader, resource) if resource else None
        if found is not None:
            gaps += touched(found, policies)
    return tuple(gaps)


def _found(reader: Reader, resource: Resource) -> Unheeded | None:
    """None where there are none."""
    try:
        objects = tuple(reader.objects(resource))
    except KubeError as error:
        return Unheeded(resource, error=error)
    return Unheeded(resource, objects) if objects else None


def _of_expansions(found: Unheeded, policies: InForce) -> Iterable[Gap]:
    """Those about generated objects only find nothing here; others find less, where they match what is generated.

    With a kind, a Gap of this cause is about objects of it that no run has seen; without one, about everything.
    """
    # Where nobody knows what is generated, it may be something that a constraint matches.
    kinds = () if found.error else tuple(_generated(obj) for obj in found.objects)
    blind, touched = [], []
    for constraint in policies.constraints:
        source = constraint.match.get("source")
        if source == "Generated":
            blind.append(constraint.key)
        elif source != "Original" and (not kinds or any(map(constraint.may_match, kinds))):
            touched.append(constraint.key)
    if blind:
        yield _gap(found, "they are about generated objects only, and none are generated here", blind)
    if touched:
        made = kinds[0] if len(set(kinds)) == 1 else found.resource.kind
        yield replace(_gap(found, "what they generate is not audited here", touched), kind=made)


def _of_providers(found: Unheeded, policies: InForce) -> Iterable[Gap]:
    asking = [
        template.kind
        for template in policies.templates
        if any(f"undefined function {_CALL}" in str(error) for error in template.errors)
    ]
    if asking:
        yield _gap(found, "their policy asks providers, and they are not asked here", asking)


def _gap(found: Unheeded, why: str, policies: Sequence[str]) -> Gap:
    """One for all that are touched: constraints, by their keys, or those of templates, by their kinds."""
    word, many = (
        ("constraint", "constraints") if "/" in policies[0] else ("constraints of kind", "constraints of kinds")
    )
    message = f"{word if len(policies) == 1 else many} {_some(policies)}: {found}: {why}"
    if len(policies) == 1:
        return Gap(Cause.UNSUPPORTED, REASON, message, policy=policies[0])
    return Gap(Cause.UNSUPPORTED, REASON, message, policies=tuple(policies))


def _some(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _generated(obj: Object) -> Kind:
    """The kind of what an ExpansionTemplate generates; it must name one."""
    spec = obj.get("spec")
    made: Json = spec.get("generatedGVK") if isinstance(spec, dict) else None
    parts = [made.get(name) for name in ("group", "version", "kind")] if isinstance(made, dict) else []
    return Kind(*(part if isinstance(part, str) else "" for part in (parts or ("", "", ""))))


UNSUPPORTED: Mapping[tuple[str, str], Touched] = {
    (EXPANSIONS, "ExpansionTemplate"): _of_expansions,
    (PROVIDERS, "Provider"): _of_providers,
}
