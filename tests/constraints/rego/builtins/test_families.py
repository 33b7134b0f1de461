"""The table of builtins says what each family registers, and asking for one imports no other."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import getmodule

import pytest

from constraints.rego.builtins import BUILTINS, Capabilities
from constraints.rego.builtins.families import FAMILIES, GUARDED, PROVIDED


@pytest.mark.parametrize("family", FAMILIES)
def test_the_table_names_what_a_family_registers(family: str) -> None:
    module = import_module(f"constraints.rego.builtins.{family}")
    own = {name for name, found in BUILTINS.items() if getmodule(found.run) is module}
    assert own == set(FAMILIES[family])


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
