"""Compare our CEL with recorded answers of cel-go in Kubernetes' environment.

    python tests/conformance/run_cel.py [-v] FILE...

FILE is k8s.jsonl or one of cel-spec's files as JSON; cases that need protocol buffers are left out. Prints the failing
cases and last `N passed, N failed`. Error texts are not compared, only that there is an error.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # so that it runs from a checkout that is not installed

from beside import absent  # noqa: E402

from constraints.cel import Compiler, Failure, Invalid  # noqa: E402 - after the path above, here and below
from constraints.cel.costs import CONDITIONS  # noqa: E402
from constraints.cel.exact.phase import Phase, Plans  # noqa: E402
from constraints.cel.failures import Exhausted  # noqa: E402
from constraints.cel.library.time import parse_duration, parse_timestamp  # noqa: E402
from constraints.cel.maps import keyed, map_key  # noqa: E402
from constraints.cel.types import DYN, parse_type  # noqa: E402
from constraints.cel.values import Duration, Opaque, Optional, Timestamp, TypeValue, Uint  # noqa: E402

INPUTS = ("object", "oldObject", "params", "namespaceObject", "request")
ERRORS = ("error", "compile_error")
Case = Mapping[str, Any]


def cases(file: Path) -> Iterator[Case]:
    """The cases of a file that Kubernetes' environment can answer."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jsonl":
        yield from map(json.loads, text.splitlines())
    else:
        yield from (case for case in json.loads(text)["cases"] if _is_plain(case))


def _is_plain(case: Case) -> bool:
    special = ("container", "functions", "disable_macros", "check_only")
    return case.get("needs") != "proto" and not any(case.get(name) for name in special) and "unknown" not in str(case)


def why_not(case: Case) -> str:
    """Why our answer differs; the empty text when it does not."""
    wanted = _wanted(case)
    if not wanted or case.get("lenient"):
        return ""
    try:
        found = answer(case)
    except (Invalid, Failure) as error:
        return "" if any(name in wanted for name in ERRORS) else f"{type(error).__name__}: {error}"
    if any(name in wanted for name in ERRORS):
        return f"an answer, {found!r}, but not the error {wanted}"
    value = value_of(wanted["result"])
    return "" if alike(found, value) else f"{found!r}, but not {value!r}"


def _wanted(case: Case) -> dict[str, Any]:
    """What Gatekeeper's version of Kubernetes answers."""
    newer: dict[str, Any] | None = case.get("k8s_1_36")
    if newer:
        return newer
    ours = case.get("k8s")
    if isinstance(ours, dict):
        return ours if any(name in ours for name in ("result", *ERRORS)) else {"result": ours}
    if "want" in case:
        return {"error": case["want"]} if "error" in case["want"] else {"result": case["want"]}
    return {name: case[name] for name in ("result", *ERRORS) if name in case}


def answer(case: Case) -> Any:
    """Our value. Raises Invalid or Failure."""
    compiler = Compiler()
    values = {name: case.get(name) for name in INPUTS} if "bindings" not in case else {}
    kinds = case.get("type_env") or {}
    for name, bound in case.get("bindings", {}).items():
        values[name] = value_of(bound)
    for name in {**values, **kinds}:
        compiler.input(name, parse_type(kinds[name]) if name in kinds else DYN)
    for name, text in case.get("variables", ()):
        compiler.variable(name, text)
    compiled = compiler.expression(case["expr"])
    loaded = compiler.load("case")
    slots = loaded.settle({}).copy()
    for name, value in values.items():
        slots[loaded.layout.inputs[name]] = value
    try:
        return loaded.code[compiled.function](slots)
    except Exhausted:
        plans = Plans(frozenset(values), compiler.trees)
        return Phase(plans.variables, values, CONDITIONS).value(plans.of(compiled.checked))


def value_of(written: Mapping[str, Any]) -> Any:
    """A value as the corpus writes it."""
    ((kind, value),) = written.items()
    return _READERS[kind](value)


def _time(text: str) -> Timestamp:
    found = parse_timestamp(text)
    assert found is not None, text
    return found


def _span(text: str) -> Duration:
    found = parse_duration(text)
    assert found is not None, text
    return found


_READERS = {
    "int": int,
    "uint": Uint,
    "double": float,
    "string": str,
    "bytes": base64.b64decode,
    "bool": bool,
    "null": lambda value: None,
    "list": lambda value: [value_of(item) for item in value],
    "map": lambda value: keyed({map_key(value_of(key)): value_of(item) for key, item in value}),
    "timestamp": _time,
    "duration": _span,
    "type": TypeValue,
    "optional": lambda value: Optional(value_of(value[0])) if value else Optional(None, present=False),
    "opaque": tuple,
}


def alike(ours: Any, theirs: Any) -> bool:
    """Equal in value and in type."""
    if isinstance(ours, Opaque):
        name = {"kubernetes.NamedFormat": "kubernetes.Format"}.get(ours.type_name, ours.type_name)
        return bool((name, str(ours)) == theirs)
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, float):
        return (math.isnan(ours) and math.isnan(theirs)) or (ours, math.copysign(1, ours)) == (
            theirs,
            math.copysign(1, theirs),
        )
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(alike(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, Optional):
        return ours.present == theirs.present and (not ours.present or alike(ours.value, theirs.value))
    return bool(ours == theirs)


def failures(files: Iterable[Path]) -> Iterator[tuple[str, str, Case]]:
    """Each case's name, with why it fails or with the empty text."""
    for file in files:
        for case in cases(file):
            yield case["id"], why_not(case), case


def main(argv: Sequence[str]) -> int:
    """Run the files; gives 1 when a case fails, 2 when a file is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", "--verbose", action="store_true", help="say why a case fails")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    flags = parser.parse_args(argv)
    if lacking := absent(flags.files):
        sys.stdout.write(f"{lacking}\n")
        return 2
    passed = failed = 0
    for name, why, case in failures(flags.files):
        passed, failed = passed + (not why), failed + bool(why)
        if why:
            sys.stdout.write(f"{name}: {case['expr']!r}: {why}\n" if flags.verbose else f"{name}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
