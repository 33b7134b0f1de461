"""The run of `patrol test`: every object is policy, data and under review at once, as in `gator test`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from audit.errors import InputError
from audit.gator.gosort import go_sorted
from audit.gator.report import SORT_KEY, TARGET, Report, Result
from audit.hooks.engines import EngineOptions, engines
from audit.hooks.timekeeping import TimeLimits, Watchdog
from audit.process.lasting import lasting
from audit.sources.manifests import Manifest
from constraints import Cause, Constraint, Engine, Gap, Inventory, Kind, Point, PolicyError, Violation
from constraints.dataclass import value
from constraints.errors import CompileError, ConstraintError, EngineMissing
from constraints.golang.quoting import quoted
from constraints.model import REGO, Json, Object, not_auditable
from constraints.review import mapping, review_of

if TYPE_CHECKING:
    from audit.gator.stats import Meter

TEMPLATES: Final = "templates.gatekeeper.sh"
CONSTRAINTS: Final = "constraints.gatekeeper.sh"
_NOT_APPLIED: Final = {"expansion.gatekeeper.sh": "expansion", "mutations.gatekeeper.sh": "mutation"}
_DEFAULT: Final = {"metadata": {"name": "default"}}
_NONE: Final[Object] = {}
_NO_KIND: Final = Kind("", "", "")
_OF_QUERY: Final = r"(?:\S+: )?eval_\w+_error: "  # an error of Rego's, not of a bound of ours
_OF_CONSTRAINT: Final = attrgetter("violation.constraint.kind", "violation.constraint.name")
LIMITS: Final = TimeLimits(policy=0)
"""A policy has as much time as there are objects: nobody waits for the next run."""
OPTIONS: Final = EngineOptions(limits=LIMITS)


@value
class Backdrop:
    """What objects are looked at with; `rego`: the kinds of constraints whose violations have details."""

    inventory: Inventory
    namespaces: Mapping[str, Object]
    rego: frozenset[str]


@value
class Evaluated:
    """What was found; `gaps` is what could not be evaluated, `notes` are sentences on what no audit could judge."""

    report: Report
    gaps: Sequence[Gap]
    notes: Sequence[str] = ()


def evaluate(
    manifests: Sequence[Manifest],
    meter: Meter | None = None,
    options: EngineOptions = OPTIONS,
) -> Evaluated:
    """Review every object by every constraint among them. Raises InputError for an object that cannot be used."""
    drivers = engines(options)
    watchdog = Watchdog(options.limits)
    engine = Engine(Point.GATOR, meter.drivers(drivers) if meter else drivers, timekeeper=watchdog)
    with lasting():
        gaps = list(load(manifests, engine))
    for manifest in manifests:
        _check_kind(manifest)
    around = Backdrop(
        Inventory.of(manifest.object for manifest in manifests),
        namespaces_of(manifest.object for manifest in manifests),
        frozenset(kind for kind, template in engine.templates.items() if engine.engine_of(template) == REGO),
    )
    results: list[Result] = []
    stats: list[Mapping[str, Json]] = []
    with watchdog.watching():
        for manifest in manifests:
            for outcome in review(engine, manifest.object, around):
                if isinstance(outcome, Gap):
                    gaps.append(outcome)
                else:
                    results.append(outcome)
            stats.extend(meter.take() if meter else ())
    gaps += engine.unfinished()
    found = Report(go_sorted(results, SORT_KEY), stats if meter else None)
    return Evaluated(found, gaps, tuple(notes(engine)))


def notes(engine: Engine) -> Iterator[str]:
    """A sentence on each template that reads what only an admission request has."""
    for kind, template in engine.templates.items():
        if fields := engine.admission_fields(kind):
            yield not_auditable(quoted(template.name), fields)


def load(manifests: Iterable[Manifest], engine: Engine) -> Iterator[Gap]:
    """Add the templates among `manifests` to `engine`, then the constraints. Raises InputError.

    A template that the engine cannot compile, or has no engine for, is a Gap, and its constraints are left out, and so
    is a constraint for which the code cannot be compiled: what the other policies find counts. gator ends there.
    """
    manifests = list(manifests)
    refused: set[str] = set()
    for manifest in manifests:
        if is_template(manifest.object):
            try:
                engine.add_template(manifest.object)
            except (CompileError, EngineMissing) as error:
                refused.add(_kind_of_constraints(manifest.object))
                yield _gap(manifest, error)
            except PolicyError as error:
                raise _unusable("template", manifest, error) from error
    for manifest in manifests:
        kind = kind_of(manifest.object)
        if kind.group == CONSTRAINTS and kind.kind not in refused:
            try:
                _fill(manifest.object, engine.add_constraint(manifest.object))
            except CompileError as error:
                yield _gap_of_constraint(manifest, error)
            except PolicyError as error:
                raise _unusable("constraint", manifest, error) from error


def review(engine: Engine, obj: Object, around: Backdrop) -> list[Result | Gap]:
    """One object's violations, those of a constraint together, in the order of constraints' kinds and names."""
    given = review_of(obj, namespace_of(obj, around.namespaces))
    hits = engine.matching(given)
    rules = [hit for hit in hits if type(hit) is not Violation]
    outcomes = engine.evaluate(given, engine.askable(rules, around.inventory), around.inventory) if rules else []
    gaps, found, failed = [], [], False
    for outcome in outcomes:
        if isinstance(outcome, Gap):
            gaps.append(outcome)
        else:
            found.append(outcome)
            failed = failed or outcome.error
    if failed:
        found = list(_failed_together(found, [hit.constraint for hit in rules if not isinstance(hit, Gap)]))
    results = [Result(outcome, obj, outcome.constraint.kind in around.rego) for outcome in found]
    if len(rules) < len(hits):
        results += [Result(hit, obj) for hit in hits if isinstance(hit, Violation)]
    return [*gaps, *go_sorted(results, _OF_CONSTRAINT)]


def _failed_together(found: Sequence[Violation], asked: Sequence[Constraint]) -> Iterator[Violation]:
    """Gatekeeper asks all constraints of a kind in one query: an error of one is what it has of each."""
    failed: dict[str, Violation] = {}
    for violation in found:
        if violation.error and re.match(_OF_QUERY, violation.message):
            failed.setdefault(violation.constraint.kind, violation)
    yield from (violation for violation in found if violation.constraint.kind not in failed)
    for constraint in asked:
        if constraint.kind in failed:
            actions = constraint.actions if constraint.scoped else ()
            yield replace(failed[constraint.kind], constraint=constraint, action=constraint.action, actions=actions)


def _fill(obj: Object, constraint: Constraint) -> None:
    """Write the defaults into the object itself, as gator does: it shows them wherever the constraint is seen."""
    spec = obj.get("spec")
    if isinstance(spec, dict):
        if spec.get("enforcementAction") is None:
            spec["enforcementAction"] = constraint.action
        if spec.get("parameters") is not None or constraint.parameters:
            spec["parameters"] = constraint.parameters


def namespaces_of(objects: Iterable[Object]) -> dict[str, Object]:
    """The Namespaces among `objects` by name; `default` is always there."""
    found: dict[str, Object] = {"default": _DEFAULT}
    for obj in objects:
        kind = kind_of(obj)
        if kind.kind == "Namespace" and not kind.group:
            found[str(mapping(obj.get("metadata")).get("name", ""))] = obj
    return found


def namespace_of(obj: Object, namespaces: Mapping[str, Object]) -> Object | None:
    """The Namespace that `obj` lives in: an empty one when it names none, None when it is not known."""
    name = mapping(obj.get("metadata")).get("namespace")
    return namespaces.get(name) if isinstance(name, str) and name else _NONE


def not_applied(manifests: Iterable[Manifest]) -> Iterator[str]:
    """A warning for each object that gator would act on and this program does not."""
    for manifest in manifests:
        what = _NOT_APPLIED.get(kind_of(manifest.object).group)
        if what:
            yield f"WARNING - {manifest.object.get('kind')} {quoted(_name(manifest))} ({manifest}) is only data: {what} is not supported"


def kind_of(obj: Object) -> Kind:
    """The kind of an object, empty where it has none, and where its apiVersion is none."""
    version, kind = obj.get("apiVersion"), obj.get("kind")
    return _kind(version if isinstance(version, str) else "", kind if isinstance(kind, str) else "")


@lru_cache(maxsize=1024)  # there are few kinds and many objects
def _kind(version: str, kind: str) -> Kind:
    return _NO_KIND if version.count("/") > 1 else Kind.of("" if version == "/" else version, kind)


def is_template(obj: Object) -> bool:
    """Whether `obj` is a ConstraintTemplate."""
    kind = kind_of(obj)
    return kind.group == TEMPLATES and kind.kind == "ConstraintTemplate"


def _kind_of_constraints(template: Object) -> str:
    found: Json = template
    for field in ("spec", "crd", "spec", "names"):
        found = mapping(found).get(field)
    return str(mapping(found).get("kind", ""))


def _gap(manifest: Manifest, error: PolicyError) -> Gap:
    from audit.gator.refusals import place, refused  # late: most templates are not refused

    kind = _kind_of_constraints(manifest.object)
    where = "; ".join(filter(None, (str(manifest), place(error), f"constraints of {kind} are left out")))
    message = f"adding template {quoted(_name(manifest))}: {refused(error)} ({where})"
    return Gap(Cause.TEMPLATE, type(error).__name__, message, policy=kind)


def _gap_of_constraint(manifest: Manifest, error: CompileError) -> Gap:
    from audit.gator.refusals import refused

    key = f"{manifest.object.get('kind')}/{_name(manifest)}"
    message = f"adding constraint {quoted(_name(manifest))}: {refused(error)} ({manifest}; {key} is left out)"
    return Gap(Cause.CONSTRAINT, type(error).__name__, message, policy=key)


def _unusable(what: str, manifest: Manifest, error: PolicyError) -> InputError:
    said = error.message if isinstance(error, ConstraintError) else str(error)  # gator has named it
    return InputError(f"auditing objects: adding {what} {quoted(_name(manifest))}: {said} ({manifest})")


def _check_kind(manifest: Manifest) -> None:
    kind = kind_of(manifest.object)
    for field, text in (("version", kind.version), ("kind", kind.kind)):
        if not text:
            what = f"{TARGET}: invalid request object: resource {_name(manifest)} has no {field}"
            raise InputError(f"auditing objects: adding data of GVK {quoted(_gvk(kind))}: {what} ({manifest})")


def _gvk(kind: Kind) -> str:
    return f"{kind.group}/{kind.version}, Kind={kind.kind}"


def _name(manifest: Manifest) -> str:
    name = mapping(manifest.object.get("metadata")).get("name")
    return name if isinstance(name, str) else ""
