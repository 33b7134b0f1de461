"""Run OPA's own test cases.

    python tests/conformance/run_rego.py FILE...

FILE is JSON with a list of cases: note, query, modules, data, input or input_term, want_result, want_error,
want_error_code, strict_error, sort_bindings. Prints each failing note and last `N passed, N failed`.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # so that it runs from a checkout that is not installed

from beside import absent  # noqa: E402
from regocalls import read_json  # noqa: E402

from constraints.errors import CompileError, EvaluationError, PolicyError  # noqa: E402 - after the path above, here and below
from constraints.lang.source import Source  # noqa: E402
from constraints.rego import Compiled, compile_modules  # noqa: E402
from constraints.rego.builtins import BUILTINS, Builtin  # noqa: E402
from constraints.rego.builtins.outside import Outside  # noqa: E402
from constraints.rego.values.kinds import UNDEFINED, RegoSet, same  # noqa: E402
from constraints.rego.values.order import in_order  # noqa: E402
from constraints.rego.values.plain import to_json  # noqa: E402

Case = Mapping[str, Any]


def _entropy(size: int) -> bytes:
    return bytes(range(size % 256)) if size < 256 else bytes(size)


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


def _sleep(duration: str) -> None:
    time.sleep(float(duration.removesuffix("ms")) / 1000)


OUTSIDE = Outside(now=time.time_ns, entropy=_entropy, lookup_ip_addr=_addresses)
# OPA's own runner of these cases has this one too
KNOWN = {**BUILTINS, "test.sleep": Builtin("test.sleep", _sleep, ("string",), "null", pure=False)}


def why_not(case: Case) -> str:
    """Why our answer differs from the one that is wanted; the empty text when it does not."""
    try:
        answer = _answer(case)
    except PolicyError as error:
        return _wrong_error(case, error)
    except Exception as error:  # one crash must not hide the other cases
        return f"crashed: {type(error).__name__}: {error}"
    if "want_result" not in case:
        return f"wanted an error, got {answer!r}"
    return _difference(answer, case)


def _answer(case: Case) -> list[dict[str, Any]]:
    sources = [Source(f"test-{at}.rego", text) for at, text in enumerate(case.get("modules") or ())]
    compiled = compile_modules(sources, builtins=KNOWN)
    document = case.get("input", UNDEFINED)
    if "input_term" in case:
        document = _term(compiled, case["input_term"])
    strict = bool(case.get("strict_error"))
    return compiled.query(case["query"], input=document, data=case.get("data"), strict=strict, outside=OUTSIDE)


def _term(compiled: Compiled, text: str) -> Any:
    return compiled.query(f"x = {text}")[0]["x"]


def _wrong_error(case: Case, error: PolicyError) -> str:
    code = getattr(error, "code", "") if isinstance(error, EvaluationError) else "compile error"
    if "want_error" not in case and "want_error_code" not in case:
        return f"{code}: {error}"
    if case.get("want_error_code", code) != code and not isinstance(error, CompileError):
        return f"wanted {case['want_error_code']}, got {code}: {error}"
    if case.get("want_error", "") not in str(error):
        return f"wanted the error {case['want_error']!r}, got {error}"
    return ""


def _difference(answer: list[dict[str, Any]], case: Case) -> str:
    ours = [{name: _sorted(value, case) for name, value in row.items()} for row in answer]
    wanted = case["want_result"]
    theirs = [{name: _sorted(value, case) for name, value in row.items()} for row in wanted]
    if len(ours) == len(theirs) and all(_equal(mine, row) for mine, row in _paired(ours, theirs)):
        return ""
    return f"wanted {wanted!r:.300}, got {to_json(answer)!r:.300}"


def _paired(ours: list[Any], theirs: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(in_order(ours), in_order(theirs), strict=True))


def _sorted(value: Any, case: Case) -> Any:
    return in_order(value) if case.get("sort_bindings") and isinstance(value, list) else value


def _equal(ours: Any, theirs: Any) -> bool:
    """A set of ours equals an array of theirs, in any order."""
    if isinstance(ours, RegoSet):
        return isinstance(theirs, list) and len(ours) == len(theirs) and _members_equal(list(ours), list(theirs))
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(_equal, ours, theirs))
    if isinstance(ours, dict):
        same_keys = isinstance(theirs, dict) and ours.keys() == theirs.keys()
        return same_keys and all(_equal(value, theirs[key]) for key, value in ours.items())
    return same(ours, theirs) or same(to_json(ours), to_json(theirs))


def _members_equal(ours: list[Any], theirs: list[Any]) -> bool:
    for member in ours:
        at = next((at for at, other in enumerate(theirs) if _equal(member, other)), None)
        if at is None:
            return False
        del theirs[at]
    return True


def cases(files: Sequence[Path]) -> Iterator[tuple[str, Case]]:
    """The cases of the files, by note."""
    for file in files:
        document = read_json(file.read_text(encoding="utf-8"))
        for case in document["cases"] if isinstance(document, dict) else document:
            yield case["note"], case


def main(argv: Sequence[str], write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run the files; gives 1 when a case fails, 2 when a file is not there."""
    files = [Path(name) for name in argv]
    if lacking := absent(files):
        write(f"{lacking}\n")
        return 2
    passed = failed = 0
    for note, case in cases(files):
        why = why_not(case)
        passed, failed = passed + (not why), failed + bool(why)
        if why:
            write(f"{note}: {why}\n")
    write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
