"""docs/gaps.md tells users of every cause and every reason that the code can give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from audit.errors import ExportError, KubeError
from constraints import Cause, PolicyError

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "gaps.md").read_text()
FILES = [path for package in ("audit", "constraints") for path in sorted((ROOT / package).rglob("*.py"))]
SILENT = {"embedded", "builtins"}  # a server and functions of Rego: they give no gaps
WORD = re.compile(r"([A-Z][a-z]+){1,3}")
GIVES = {"Gap", "Shortfall", "_gap", "Lost"}
# Never a gap: they are caught where they are raised, or name a whole family.
NO_GAPS = {
    "KubeError",
    "ExportError",
    "PolicyError",
    "EngineMissing",
    "MatchError",
    "NamespaceMissing",
    "EvaluationError",
    "ModuleError",
}


@cache
def trees() -> list[ast.Module]:
    """Those files that may give a reason."""
    texts = [path.read_text() for path in FILES if not SILENT & set(path.parts)]
    return [ast.parse(text) for text in texts if "Gap" in text or "reason" in text]


def constants() -> dict[str, set[str]]:
    """The texts of module-level names."""
    found: dict[str, set[str]] = {}
    for tree in trees():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    found.setdefault(getattr(target, "id", ""), set()).add(str(node.value.value))
    return found


def places(tree: ast.Module) -> Iterator[ast.expr]:
    """Where a reason may stand: an argument of a Gap, a keyword `reason`, a variable or an answer of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "reason")
            yield from node.args if called(node) in GIVES else ()
            yield from node.args[-1:] if called(node) == "_named" else ()
        elif isinstance(node, ast.Assign) and any("reason" in names(target) for target in node.targets):
            yield node.value
        elif isinstance(node, ast.FunctionDef) and node.name == "reason":
            yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value)


def given() -> Iterator[str]:
    """The words that stand as a reason."""
    named = constants()
    for tree in trees():
        for place in places(tree):
            for node in ast.walk(place):
                texts = {node.value} if isinstance(node, ast.Constant) else named.get(getattr(node, "id", ""), set())
                yield from (text for text in texts if isinstance(text, str) and WORD.fullmatch(text))


def called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def family(error: type[Exception]) -> set[str]:
    """An error and what is derived from it, in any room."""
    import audit.app  # noqa: F401 - knows every room

    below = error.__subclasses__()
    return {error.__name__}.union(*map(family, below))


@cache
def reasons() -> set[str]:
    """Every reason that the code can give."""
    return {*given(), *family(KubeError), *family(ExportError), *family(PolicyError)} - NO_GAPS


def test_reasons_are_found_in_the_code() -> None:
    assert {"KindNotServed", "NamespaceUnknown", "TokenLoop", "Unsupported", "Interrupted", "BadBody"} <= reasons()


def test_every_reason_is_on_the_page() -> None:
    assert {reason for reason in reasons() if f"`{reason}`" not in PAGE} == set()


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_on_the_page(cause: Cause) -> None:
    assert f"| `{cause.value}` |" in PAGE


def test_the_page_knows_no_reason_that_the_code_does_not_give() -> None:
    listed = {name for row in re.findall(r"(?m)^\| (`[A-Z].*?`) \|", PAGE) for name in re.findall(r"`(\w+)`", row)}
    assert listed - reasons() <= {"AuditError", "OSError"}


def test_the_readme_leads_there() -> None:
    assert "docs/gaps.md" in (ROOT / "README.md").read_text()
