"""What `gator verify` does: suites of cases, and whether an engine's answers satisfy them (compatibility, section
11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit.errors import InputError
from audit.gator.evaluate import kind_of, namespace_of, namespaces_of
from audit.sources.goyaml import GATOR_VERIFY, float64
from audit.sources.manifests import EXTENSIONS, parse
from constraints import Engine, Gap, Inventory, Kind, Point, PolicyError, Violation
from constraints.dataclass import dataclass
from constraints.model import Object
from constraints.review import integers, mapping, review_of, review_of_request

GROUP: Final = "test.gatekeeper.sh"
RULE: Final = 'assertion.violation, if set, must be a nonnegative integer, "yes", or "no"'
_REFUSED_BY_SCHEMA: Final = "schema validation failed"
_REVIEW: Final = Kind("admission.k8s.io", "v1", "AdmissionReview")


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite file; `tests` are its entries as they came."""

    path: Path
    skip: bool
    tests: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case, or of a test as a whole (`case` is empty then); `why` is empty when it passed."""

    suite: Path
    test: str
    case: str
    why: str
    template: Path | None = None

    def __str__(self) -> str:
        return (
            f"{self.suite} / {self.test} / {self.case}: {self.why}"
            if self.case
            else f"{self.suite} / {self.test}: {self.why}"
        )


def find(folder: Path) -> Iterator[Suite]:
    """The suites below a folder, in the order of their paths; other files are passed by. Raises InputError."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in EXTENSIONS[:2] or path.is_dir():
            continue
        for obj in _objects(path) if "Suite" in path.read_text(encoding="utf-8") else ():
            kind = kind_of(obj)
            if (kind.group, kind.kind) == (GROUP, "Suite"):
                yield Suite(path, bool(obj.get("skip")), obj.get("tests") or ())


def verify(suite: Suite) -> Iterator[CaseResult]:
    """What became of each test and case that is not skipped."""
    for test in suite.tests if not suite.skip else ():
        if not test.get("skip"):
            yield from _verify_test(suite, test)


def _verify_test(suite: Suite, test: Mapping[str, Any]) -> Iterator[CaseResult]:
    folder, name = suite.path.parent, str(test.get("name", ""))
    template = folder / str(test.get("template", ""))
    engine, why = _prepared(test, folder)
    yield CaseResult(suite.path, name, "", why, template)
    if engine is None:
        return
    for case in test.get("cases") or ():
        if not case.get("skip"):
            yield CaseResult(suite.path, name, str(case.get("name", "")), _case(engine, case, folder), template)


def _prepared(test: Mapping[str, Any], folder: Path) -> tuple[Engine | None, str]:
    """The engine for the cases of a test, None where none of them runs; and why the test as a whole fails, if it
    does.
    """
    invalid = bool(test.get("invalid"))
    try:
        engine = _engine(test, folder)
    except (PolicyError, InputError) as error:
        refused = isinstance(error, PolicyError) and error.message.startswith(_REFUSED_BY_SCHEMA)
        return None, "" if invalid and refused else str(error)
    return (None, "the constraint is valid, but the test says that it is not") if invalid else (engine, "")


def _engine(test: Mapping[str, Any], folder: Path) -> Engine:
    engine = Engine(Point.GATOR, exact=True)
    for field, add in (("template", engine.add_template), ("constraint", engine.add_constraint)):
        if not test.get(field):
            raise InputError(f"invalid suite: missing {field}")
        add(integers(_one(folder / test[field])))
    if test.get("expansion"):
        raise InputError("expansion is not supported")
    return engine


def _case(engine: Engine, case: Mapping[str, Any], folder: Path) -> str:
    try:
        return _check(engine, case, folder)
    except (InputError, re.error) as error:
        return str(error)


def _check(engine: Engine, case: Mapping[str, Any], folder: Path) -> str:
    if not case.get("object"):
        raise InputError("must define object")
    if not case.get("assertions"):
        raise InputError("assertions must be non-empty")
    data = [float64(obj) for path in case.get("inventory") or () for obj in _objects(folder / path)]
    messages: list[str] = []
    for outcome in review(engine, float64(_one(folder / case["object"])), data):
        if isinstance(outcome, Gap):
            return outcome.message
        messages.append(outcome.message)
    return next((why for assertion in case["assertions"] if (why := unsatisfied(assertion, messages))), "")


def review(engine: Engine, obj: Object, data: Sequence[Object]) -> Iterable[Violation | Gap]:
    """What the engine finds in `obj`, which may be an AdmissionReview; `data` is the inventory."""
    inventory = Inventory.of(data)
    known = {name: found for name, found in namespaces_of(data).items() if "apiVersion" in found}
    if kind_of(obj) == _REVIEW:
        request = mapping(obj.get("request"))
        if not any(isinstance(request.get(field), Mapping) for field in ("object", "oldObject")):
            raise InputError('AdmissionRequest does not contain an "object" or "oldObject" to review')
        return engine.review(review_of_request(request, known.get(str(request.get("namespace", "")))), inventory)
    in_namespace = bool(mapping(obj.get("metadata")).get("namespace"))
    return engine.review(review_of(obj, namespace_of(obj, known) if in_namespace else None), inventory)


def unsatisfied(assertion: Mapping[str, Any], messages: Sequence[str]) -> str:
    """Why `messages` do not satisfy the assertion, or the empty text."""
    wanted, pattern = assertion.get("violations"), assertion.get("message")
    count = len([message for message in messages if pattern is None or re.search(pattern, message)])
    want = _want(wanted, count)
    if not want:
        return ""
    containing = f' containing "{pattern}"' if pattern is not None else ""
    return f"unexpected number of violations: got {count} violations{containing} but want {want}: got messages {list(messages)}"


def _want(wanted: object, count: int) -> str:
    """What was wanted when `count` is not it."""
    if wanted is None or wanted == "yes":
        return "" if count else "at least 1"
    if wanted == "no":
        return "none" if count else ""
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
        raise InputError(f"{RULE}, it is {wanted!r}")
    return "" if count == wanted else f"exactly {wanted}"


def _one(path: Path) -> Object:
    found = _objects(path)
    if len(found) != 1:
        raise InputError(f"{path} defines {len(found)} objects, it must define one")
    return found[0]


def _objects(path: Path) -> list[Object]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return [manifest.object for manifest in parse(data, f'file: "{path}"', GATOR_VERIFY)]
