"""`patrol explain`: the Python that a template becomes for a constraint, for people to read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from audit.errors import ConfigError, InputError
from audit.gator.evaluate import is_template, kind_of
from audit.hooks.engines import GUARDED, EngineOptions, engines
from audit.settings.commands import Command
from audit.settings.flagtypes import FlagType
from audit.settings.rows import operand
from audit.sources.manifests import Manifest, read
from constraints import Engine, PolicyError
from constraints.dataclass import dataclass
from constraints.drivers import Program

GROUP: Final = "constraints.gatekeeper.sh"
_ALL: Final = EngineOptions(enabled_builtins=GUARDED)  # nothing is called, so all may be shown
_COMMAND: Final = Command(
    "explain",
    "Print the Python that a ConstraintTemplate becomes for a constraint.",
    """examples:
  patrol explain template.yaml
  patrol explain template.yaml constraint.yaml
  patrol explain policies/
""",
)
_FILE: Final = FlagType("", "a file", str)


@dataclass(frozen=True, slots=True)
class ExplainFlags:
    """What `patrol explain` was told."""

    template: str = operand("TEMPLATE", _FILE, "file of a ConstraintTemplate, or of constraints too")
    constraint: str = operand("CONSTRAINT", _FILE, "file of constraints of that template", optional=True)


def main(argv: Sequence[str]) -> int:
    """Run `patrol explain`; gives 1 for a template or a constraint that cannot be used, 2 for wrong flags."""
    try:
        flags = _COMMAND.read(ExplainFlags(), argv, {})
    except ConfigError as error:
        sys.stderr.write(f"patrol: {error}\n")
        return 2
    problems: list[InputError] = []
    manifests = read([flags.template, *([flags.constraint] * bool(flags.constraint))])
    sys.stdout.write("\n\n".join(explanations(manifests, problems.append)))
    for problem in problems:
        sys.stderr.write(f"patrol: {problem}\n")
    return 1 if problems else 0


def explanations(manifests: Sequence[Manifest], report: Callable[[InputError], None]) -> Iterator[str]:
    """Each template among `manifests` for each of its constraints; for empty parameters where it has none.

    What cannot be used is reported, and the others are shown. Raises InputError where there is no template.
    """
    templates = [manifest for manifest in manifests if is_template(manifest.object)]
    constraints = [manifest for manifest in manifests if kind_of(manifest.object).group == GROUP]
    if not templates:
        raise InputError(f"{', '.join(dict.fromkeys(manifest.file for manifest in manifests))}: no ConstraintTemplate")
    engine = Engine(drivers=engines(_ALL))
    kinds: dict[str, Manifest] = {}
    for manifest in templates:
        with _reported(manifest, report):
            kinds[engine.add_template(manifest.object).kind] = manifest
    refused: set[str] = set()
    for manifest in constraints:
        kind = str(manifest.object.get("kind"))
        if kind in kinds or len(kinds) == len(templates):
            refused.add(kind)
            with _reported(manifest, report):
                engine.add_constraint(manifest.object)
                refused.discard(kind)
    for kind, manifest in kinds.items():
        found = [one.key for one in engine.constraints.values() if one.kind == kind]
        for key in found:
            with _reported(manifest, report):
                yield f"# {key}\n\n{_explained(engine.program(key), kind, manifest)}\n"
        if not found and kind not in refused:
            with _reported(manifest, report):
                program = engine.program_without_parameters(kind)
                yield f"# {kind} without parameters\n\n{_explained(program, kind, manifest)}\n"


@contextmanager
def _reported(manifest: Manifest, report: Callable[[InputError], None]) -> Iterator[None]:
    try:
        yield
    except PolicyError as error:
        report(_unusable(manifest, error))
    except InputError as error:
        report(error)


def _explained(program: Program, kind: str, manifest: Manifest) -> str:
    text = program.explain()
    if not text:
        raise InputError(f"{manifest}: {kind} does not become Python")
    return text


def _unusable(manifest: Manifest, error: PolicyError) -> InputError:
    """One line, whatever the compiler has to say."""
    return InputError(f"{manifest}: {'; '.join(str(error).split(chr(10)))}")
