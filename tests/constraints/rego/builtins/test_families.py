"""The table of builtins says what each family registers, and asking for one imports no other."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from inspect import getmodule
from pathlib import Path

import pytest

from constraints.rego.builtins import BUILTINS, Capabilities
from constraints.rego.builtins.families import FAMILIES, GUARDED, PROVIDED


@pytest.mark.parametrize("family", FAMILIES)
def test_the_table_names_what_a_family_registers(family: str) -> None:
    module = import_module(f"constraints.rego.builtins.{family}")
    own = {name for name, found in BUILTINS.items() if getmodule(found.run) is module}
    assert own == set(FAMILIES[family])


ELSEWHERE = {  # what stands for syntax, or is answered by the compiler -> the test that has its cases, below rego's
    "internal.template_string": "syntax/test_terms.py",
    "rego.metadata.chain": "names/test_metadata.py",
    "rego.metadata.rule": "names/test_metadata.py",
    "walk": "builtins/test_walk.py",
}
HERE = Path(__file__).parent


def test_every_builtin_has_a_case_of_its_own() -> None:
    nodes = [node for path in HERE.glob("test_*.py") for node in ast.walk(ast.parse(path.read_text()))]
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    named = {*texts, *re.findall(r"([\w.]+)\(", "\n".join(texts))}
    families = tuple(beginning for n in nodes if isinstance(n, ast.JoinedStr) and (beginning := begun(n)))
    without = [name for name in BUILTINS if name not in named | ELSEWHERE.keys() and not name.startswith(families)]
    assert without == [], "write a row with OPA's answer into the test of its family"


def begun(text: ast.JoinedStr) -> str:
    """What names begin with that a test puts together, such as `io.jwt.verify_`; empty for other texts."""
    first = text.values[0]
    is_name = len(text.values) == 2 and isinstance(first, ast.Constant) and re.fullmatch(r"[a-z]+\.[\w.]*", first.value)
    return is_name.group() if is_name else ""


@pytest.mark.parametrize(("name", "place"), ELSEWHERE.items())
def test_what_has_its_cases_elsewhere_has_them(name: str, place: str) -> None:
    assert name.rpartition(".")[2] in (HERE.parent / place).read_text()


def test_a_builtin_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys; from constraints.rego.builtins import BUILTINS\n"
        "has = lambda: [f for f in ('strings', 'net', 'x509') if f'constraints.rego.builtins.{f}' in sys.modules]\n"
        "'net.cidr_merge' in BUILTINS and len(BUILTINS); before = has(); BUILTINS['startswith']; print(before, has())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['strings']\n"


def test_guarded_builtins_are_there_when_they_are_enabled() -> None:
    assert set(BUILTINS) - set(Capabilities().builtins()) == GUARDED | PROVIDED
    assert "http.send" in Capabilities(enabled=frozenset({"http.send"})).builtins()


def test_a_disabled_builtin_is_unknown() -> None:
    able = Capabilities(disabled=frozenset({"startswith"})).builtins()
    assert "startswith" not in able
    assert able.get("startswith") is None
    assert able["endswith"].name == "endswith"
