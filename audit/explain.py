"""`patrol explain`: the Python that a template becomes for a constraint, for people to read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn, Protocol, runtime_checkable

from audit.engines import GUARDED, EngineOptions, engines
from audit.errors import ConfigError, InputError
from audit.gator.evaluate import is_template, kind_of
from audit.sources.manifests import Manifest, read
from constraints import Engine, PolicyError
from constraints.model import Json
from constraints.template import Template

GROUP: Final = "constraints.gatekeeper.sh"
_ALL: Final = EngineOptions(enabled_builtins=GUARDED)  # nothing is called, so all may be shown
_EXAMPLES: Final = """examples:
  patrol explain template.yaml
  patrol explain template.yaml constraint.yaml
  patrol explain policies/
"""


@runtime_checkable
class Explains(Protocol):
    """A program that can be shown."""

    def explain(self) -> str:
        """Its Python."""
        ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see patrol explain --help")


def main(argv: Sequence[str]) -> int:
    """Run `patrol explain`; gives 1 for a template or a constraint that cannot be used, 2 for wrong flags."""
    try:
        flags = _parser().parse_args(argv)
    except ConfigError as error:
        sys.stderr.write(f"patrol: {error}\n")
        return 2
    sys.stdout.write("\n\n".join(explanations(read([flags.template, *([flags.constraint] * bool(flags.constraint))]))))
    return 0


def explanations(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each template among `manifests` for each of its constraints; for empty parameters where it has none.

    Raises InputError for what cannot be used.
    """
    templates = [manifest for manifest in manifests if is_template(manifest.object)]
    constraints = [manifest for manifest in manifests if kind_of(manifest.object).group == GROUP]
    if not templates:
        raise InputError(f"{', '.join(dict.fromkeys(manifest.file for manifest in manifests))}: no ConstraintTemplate")
    engine = Engine(drivers=engines(_ALL))
    kinds = {kind: manifest for manifest in templates for kind in [_added(engine, manifest).kind]}
    for manifest in constraints:
        try:
            engine.add_constraint(manifest.object)
        except PolicyError as error:
            raise _unusable(manifest, error) from error
    for kind, manifest in kinds.items():
        found = [one for one in engine.constraints.values() if one.kind == kind]
        for key, parameters in [(one.key, one.parameters) for one in found] or [(f"{kind} without parameters", {})]:
            yield f"# {key}\n\n{_explained(engine.templates[kind], parameters, manifest)}\n"


def _added(engine: Engine, manifest: Manifest) -> Template:
    try:
        return engine.add_template(manifest.object)
    except PolicyError as error:
        raise _unusable(manifest, error) from error


def _explained(template: Template, parameters: Json, manifest: Manifest) -> str:
    known = engines(_ALL)
    for code in template.code:
        if code.engine in known:
            program = known[code.engine].compile(template.kind, code.source).program(parameters)
            if isinstance(program, Explains):
                return program.explain()
    raise InputError(f"{manifest}: {template.kind} does not become Python")


def _unusable(manifest: Manifest, error: PolicyError) -> InputError:
    """One line, whatever the compiler has to say."""
    return InputError(f"{manifest}: {'; '.join(str(error).split(chr(10)))}")


def _parser() -> _Parser:
    parser = _Parser(
        prog="patrol explain",
        description="Print the Python that a ConstraintTemplate becomes for a constraint.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("template", metavar="TEMPLATE", help="file of a ConstraintTemplate, or of constraints too")
    parser.add_argument("constraint", metavar="CONSTRAINT", nargs="?", help="file of constraints of that template")
    return parser
