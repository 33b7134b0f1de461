"""The YAML of `gator test` (compatibility, section 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.gator import goyaml
from audit.gator.report import TARGET, Report, Result, Texts
from constraints.model import Json


def document(report: Report) -> Iterator[str]:
    """The first result in block style and every further one on a line, as gator has it."""
    if report.stats is None:
        yield from _yaml_results(report.results, 0) if report.results else ["[]\n"]
        return
    yield "results:"
    yield from ("\n", *_yaml_results(report.results, 4)) if report.results else [" []\n"]
    yield "stats:"
    yield from _yaml_stats(report.stats)


def _yaml_results(results: Sequence[Result], indent: int) -> Iterator[str]:
    pad = " " * indent
    first = results[0]
    yield f"{pad}- "
    yield from goyaml.fields(
        [
            ("result", _yaml_rows(first, goyaml.wholes(first.violation.constraint.obj))),
            ("violatingObject", first.object),
            ("trace", None),
        ],
        indent + 2,
    )
    whole = Texts(goyaml.flow)
    policies = Texts(lambda constraint: goyaml.flow(goyaml.wholes(constraint.obj)))
    for result in results[1:]:
        rows = ", ".join(f"{key}: {value}" for key, value in _flow_rows(result, policies))
        yield f"{pad}- {{result: {{{rows}}}, violatingObject: {whole.of(result.object)}, trace: null}}\n"


def _yaml_rows(result: Result, constraint: Json = None) -> goyaml.Rows:
    violation = result.violation
    return goyaml.Rows(
        (
            ("target", TARGET),
            ("msg", violation.message),
            ("metadata", {"details": violation.details} if result.detailed else {}),
            ("constraint", {"object": constraint}),
            ("enforcementaction", violation.action),
            ("scopedenforcementactions", list(violation.actions)),
        )
    )


def _flow_rows(result: Result, policies: Texts) -> Iterator[tuple[str, str]]:
    for key, value in _yaml_rows(result):
        if key == "constraint":
            yield key, f"{{object: {policies.of(result.violation.constraint)}}}"
        else:
            yield key, goyaml.flow(value)


def _yaml_stats(stats: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    rows = [goyaml.rows(entry) for entry in stats]
    yield from goyaml.block(rows, 4) if rows else [" []\n"]
