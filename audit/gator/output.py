"""What `patrol test` prints: the text, JSON and YAML of `gator test` (compatibility, section 11)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from audit.errors import InputError
from audit.gator.report import TARGET, Report, Result, Texts
from constraints.golang.jsontext import json_text
from constraints.golang.quoting import quoted
from constraints.model import Json, Object


def text(report: Report) -> Iterator[str]:
    """One line for each violation."""
    subjects, names = Texts(_subject), Texts(quoted)
    last, message = "", quoted("")
    for result in report.results:
        violation = result.violation
        if violation.message != last:  # equal ones come one after the other
            last, message = violation.message, quoted(violation.message)
        yield f"{subjects.of(result.object)}: [{names.of(violation.constraint.name)}] Message: {message}\n"


def _subject(obj: Object) -> str:
    metadata = obj.get("metadata") or {}
    given = [metadata.get(key) for key in ("namespace", "name")]
    namespace, name = [word if isinstance(word, str) else "" for word in given]  # as gator: `name: n` is no name
    name = f"{namespace}/{name}" if namespace else name
    return f"{obj.get('apiVersion', '')}/{obj.get('kind', '')} {name}"


def json(report: Report) -> Iterator[str]:
    """An array of results, or an object with `results` and `stats`; no newline at the end."""
    if report.stats is None:
        yield from _json_results(report.results, 0)
        return
    yield '{\n    "results": '
    yield from _json_results(report.results, 1)
    yield f',\n    "stats": {_json_stats(report.stats)}\n}}'


def yaml(report: Report) -> Iterator[str]:
    """The first result in block style and every further one on a line, as gator has it."""
    from audit.gator.yamloutput import document  # late: its expressions take longer to compile than most runs last

    yield from document(report)


def _json_results(results: Iterable[Result], depth: int) -> Iterator[str]:
    pad, key = " " * 4 * depth, "\n" + " " * 4 * (depth + 2)
    whole = Texts(lambda value: json_text(value, depth + 2))
    policies = Texts(lambda constraint: json_text(constraint.obj, depth + 2))
    lead = "["
    for result in results:
        rows = _json_rows(result, whole, policies, depth + 2)
        yield f"{lead}\n{pad}    {{" + ",".join(f'{key}"{name}": {value}' for name, value in rows) + f"\n{pad}    }}"
        lead = ","
    yield "null" if lead == "[" else f"\n{pad}]"


def _json_rows(result: Result, whole: Texts, policies: Texts, depth: int) -> Iterator[tuple[str, str]]:
    """Fields that Go leaves out when they are empty are left out."""
    violation = result.violation
    yield "target", json_text(TARGET)
    if violation.message:
        yield "msg", json_text(violation.message)
    if result.detailed:
        yield "metadata", json_text({"details": violation.details}, depth)
    yield "constraint", policies.of(violation.constraint)
    if violation.action:
        yield "enforcementAction", json_text(violation.action)
    if violation.actions:
        yield "scopedActions", json_text(violation.actions, depth)
    yield "violatingObject", whole.of(result.object)
    yield "trace", "null"


def _json_stats(stats: Sequence[Mapping[str, Json]]) -> str:
    return _go_struct([dict(entry) for entry in stats], 1)


def _go_struct(value: Json, depth: int) -> str:
    """JSON with keys in the order of the fields of Go's structs, which is theirs here."""
    inner, outer = "\n" + " " * 4 * (depth + 1), "\n" + " " * 4 * depth
    if isinstance(value, dict):
        return "{" + ",".join(f'{inner}"{k}": {_go_struct(v, depth + 1)}' for k, v in value.items()) + outer + "}"
    if isinstance(value, list) and value:
        return "[" + ",".join(inner + _go_struct(item, depth + 1) for item in value) + outer + "]"
    return json_text(value, depth)


_STEPS: Final = {"json": "marshaling validation json results", "yaml": "pre-marshaling results to json"}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def check_numbers(report: Report, output: str) -> None:
    """Raises InputError, as gator ends, where details have a number in a text that JSON does not take (`01`)."""
    if output not in _STEPS:
        return
    for result in report.results:
        wrong = next(_odd_numbers(result.violation.details), "") if result.violation.details else ""
        if wrong:
            raise InputError(f"{_STEPS[output]}: json: invalid number literal {quoted(wrong)}")


def _odd_numbers(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _odd_numbers(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _odd_numbers(item)
    elif isinstance(value, float):
        text = getattr(value, "text", None)
        if isinstance(text, str) and not _NUMBER.fullmatch(text):
            yield text


FORMATS: Final[Mapping[str, Callable[[Report], Iterator[str]]]] = {"text": text, "json": json, "yaml": yaml}
