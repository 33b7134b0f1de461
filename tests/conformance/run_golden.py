"""Compare this engine's answers with those of Gatekeeper, recorded case by case.

    python tests/conformance/run_golden.py [--library DIR]... FILE...

FILE is .jsonl or .jsonl.gz, a case a line, or .json, one case. Prints the failing cases and last `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # so that it runs from a checkout that is not installed

from beside import absent  # noqa: E402

from audit.errors import InputError  # noqa: E402 - after the path above, here and below
from audit.gator.evaluate import namespace_of, namespaces_of  # noqa: E402
from audit.sources.goyaml import float64  # noqa: E402
from audit.sources.manifests import read_objects  # noqa: E402
from constraints import Constraint, Engine, Gap, Inventory, Point, PolicyError, Review, Violation  # noqa: E402
from constraints.drivers import make_drivers  # noqa: E402
from constraints.model import Object  # noqa: E402
from constraints.review import review_of, review_of_request  # noqa: E402

LIBRARY = ROOT.parent / "shared" / "conformance" / "library"
ALWAYS = "match/alwaysviolate"

Case = Mapping[str, Any]
Answer = tuple[int, str, str, str, frozenset[str]]


@dataclass
class Golden:
    """Answers cases; `libraries` are where their templates are looked up, besides the file's own folder."""

    libraries: Sequence[Path]
    _engines: dict[tuple[Path, str, str], Engine] = field(default_factory=dict)

    def why_not(self, case: Case, folder: Path) -> str:
        """Why our answer differs from the recorded one; the empty text when it does not."""
        try:
            engine = self._engine(case, folder)
            constraint = engine.add_constraint(float64(case["constraint"]))
        except (PolicyError, InputError) as error:
            return "" if case.get("refused") else f"refused: {error}"
        try:
            return self._difference(engine, constraint, case)
        finally:
            engine.remove_constraint(constraint.key)

    def _difference(self, engine: Engine, constraint: Constraint, case: Case) -> str:
        if "refused" in case:
            return "taken, but Gatekeeper refuses it" if case["refused"] else ""
        answers: Counter[Answer] = Counter()
        for at, outcome in outcomes(engine, case):
            if isinstance(outcome, Gap):
                return f"object {at}: {outcome.message}"
            answers[_answer(at, outcome)] += 1
        return _difference(answers, Counter(map(_recorded, case["violations"])))

    def _engine(self, case: Case, folder: Path) -> Engine:
        """The engine with the case's template, and no other engine than the one that the case asks for."""
        wanted = case.get("engine", "Rego")
        template = case.get("template_source")
        key = (folder, case["template"], wanted)
        if template is None and key in self._engines:
            return self._engines[key]
        engine = Engine(Point.GATOR, {name: driver for name, driver in make_drivers().items() if name == wanted})
        engine.add_template(template or self._template(case["template"], folder))
        self._engines[key] = engine
        return engine

    def _template(self, name: str, folder: Path) -> Object:
        places = [library / name / "template.yaml" for library in self.libraries]
        if name == ALWAYS:
            places.insert(0, folder / "alwaysviolate.template.yaml")
        for place in places:
            if place.exists():
                return read_objects([str(place)])[0]
        raise InputError(f"template {name} is in none of {', '.join(map(str, places))}")


def outcomes(engine: Engine, case: Case) -> Iterator[tuple[int, Violation | Gap]]:
    """What the engine finds, with the number of the object that it is about."""
    objects = float64(case["objects"])
    world = None if case["independent"] else Inventory.of(objects)
    namespaces = namespaces_of([*objects, *case.get("namespaces", ())])
    for at, obj in enumerate(objects):
        inventory = world or Inventory.of([obj])
        yield from ((at, outcome) for outcome in engine.review(_review(obj, case, namespaces), inventory))


def _review(obj: Object, case: Case, namespaces: Mapping[str, Object]) -> Review:
    if case.get("admission"):
        return review_of_request(obj["request"])
    return review_of(obj, namespace_of(obj, namespaces))


def _answer(at: int, violation: Violation) -> Answer:
    return at, violation.message, _canonical(violation.details), violation.action, frozenset(violation.actions)


def _recorded(row: Case) -> Answer:
    scoped = frozenset(row.get("scopedEnforcementActions") or ())
    return row["object"], row["msg"], _canonical(row["details"]), row["enforcementAction"], scoped


def _canonical(details: object) -> str:
    return json.dumps(float64(details), sort_keys=True)


def _difference(ours: Counter[Answer], theirs: Counter[Answer]) -> str:
    missing, surplus = theirs - ours, ours - theirs
    rows = [("missing", missing), ("not in Gatekeeper's answer", surplus)]
    return "; ".join(f"{sum(found.values())} {what}, e.g. {_shown(found)}" for what, found in rows if found)


def _shown(answers: Counter[Answer]) -> str:
    at, message, details, action, scoped = min(answers, key=lambda answer: answer[:4])
    return f"object {at}: {message!r} {details[:200]} {action} {sorted(scoped) or ''}".rstrip()


def lines(file: Path) -> Iterator[Case]:
    """The cases of a file."""
    if file.suffix == ".json":
        yield json.loads(file.read_text(encoding="utf-8"))
        return
    opened = partial(gzip.open, mode="rt") if file.suffix == ".gz" else open
    with opened(file, encoding="utf-8") as text:  # type: ignore[operator]  # both take a path and an encoding
        yield from (json.loads(line) for line in text if line.strip())


def label(case: Case) -> str:
    """The case's name in reports."""
    return " ".join(
        (case["template"], case.get("engine", ""), case.get("variant", case["constraint"]["metadata"]["name"]))
    )


def failures(files: Iterable[Path], golden: Golden) -> Iterator[tuple[str, str]]:
    """Each case's label, with why it fails or with the empty text."""
    for file in files:
        for case in lines(file):
            yield f"{file.name} {label(case)}", golden.why_not(case, file.parent)


def main(argv: Sequence[str]) -> int:
    """Run the files; gives 1 when a case fails, 2 when a file is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, action="append", metavar="DIR")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    flags = parser.parse_args(argv)
    if lacking := absent(flags.files):
        sys.stdout.write(f"{lacking}\n")
        return 2
    passed = failed = 0
    for name, why in failures(flags.files, Golden(flags.library or [LIBRARY])):
        passed, failed = passed + (not why), failed + bool(why)
        if why:
            sys.stdout.write(f"{name}: {why}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
