"""How both packages are written: small modules, errors caught by name, and a reason for what tools shall not see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest
from sourcecode import ROOT, files, module, statements

MODULE_LIMIT = 400


def test_no_module_is_longer_than_the_limit_and_no_test() -> None:
    paths = [*files(), *(ROOT / "tests").rglob("*.py")]
    lengths = {module(path): len(path.read_text().splitlines()) for path in paths}
    assert {name for name, length in lengths.items() if length > MODULE_LIMIT} == set()


BROAD = {  # where any exception at all may be caught, and why
    "constraints.asking": "a policy is compiled, matched and evaluated: whatever it does, the others go on",
    "audit.guard": "a sink, or a run, may fail in any way",
    "audit.hooks.depths": "what a thread raises is raised again in the one that waits for it",
}


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it keeps errors of all kinds; one that cleans up and lets the error go on keeps none."""
    caught = {"BaseException"} if handler.type is None else words(handler.type)
    if "Exception" in caught:
        return True
    last = handler.body[-1]
    return "BaseException" in caught and not (isinstance(last, ast.Raise) and last.exc is None)


def words(node: ast.AST) -> set[str]:
    """The names in it, the last one of dotted ones."""
    found = ast.walk(node)
    return {n.id if isinstance(n, ast.Name) else n.attr for n in found if isinstance(n, ast.Name | ast.Attribute)}


def test_broad_handlers_stand_at_the_named_places_only() -> None:
    handlers = ((f, node) for f in files() for node in statements(f) if isinstance(node, ast.ExceptHandler))
    assert {module(f) for f, node in handlers if is_broad(node)} == BROAD.keys()


@pytest.mark.parametrize(
    ("handler", "broad"),
    [
        ("except: pass", True),
        ("except Exception: pass", True),
        ("except (OSError, Exception) as error: pass", True),
        ("except builtins.Exception: raise", True),
        ("except BaseException: pass", True),
        ("except (BaseException, OSError): raise ValueError", True),
        ("except BaseException: close(); raise", False),
        ("except (OSError, ValueError): pass", False),
    ],
)
def test_a_broad_handler_is_known_whatever_it_looks_like(handler: str, broad: bool) -> None:
    (tried,) = ast.parse(f"try: pass\n{handler}").body
    assert isinstance(tried, ast.Try)
    assert is_broad(tried.handlers[0]) is broad


def test_errors_of_all_kinds_are_not_suppressed() -> None:
    named = [
        (f, n) for f in files() for n in statements(f) if isinstance(n, ast.ImportFrom) and n.module == "contextlib"
    ]
    suppressing = {f for f, node in named if any(alias.name == "suppress" for alias in node.names)}
    calls = [n for f in suppressing for n in ast.walk(ast.parse(f.read_text())) if isinstance(n, ast.Call)]
    what = [words(argument) for call in calls if "suppress" in words(call.func) for argument in call.args]
    assert what
    assert not any(each & {"Exception", "BaseException"} for each in what)


IGNORE = re.compile(r"#\s*(?:type: ignore|noqa)\b.*")
REASONED = re.compile(r"# type: ignore\[[a-z, -]+\]  # \w.*|# noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*(?:  #| -) \w.*")


def test_whatever_a_tool_shall_not_see_has_a_reason_beside_it() -> None:
    found = [(module(f), line.group()) for f in files() for line in IGNORE.finditer(f.read_text())]
    assert found
    assert [(name, line) for name, line in found if not REASONED.fullmatch(line)] == []


@pytest.mark.parametrize("statement", ["import audit", "import audit.gator", "import audit.cli", "import constraints"])
def test_what_is_seldom_needed_is_not_paid_for_by(statement: str) -> None:
    heavy = {
        "kubernetes",
        "starlette",
        "uvicorn",
        "prometheus_client",
        "jsonschema",
        "cryptography",
        "graphql",
        "confluent_kafka",
    }
    heavy |= {"constraints.cel", "re2", "shutil", "socket", "zoneinfo"}
    code = f"import sys; {statement}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
