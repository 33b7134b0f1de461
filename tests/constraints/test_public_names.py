from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import constraints


def test_the_package_gives_the_names_that_type_checkers_see_and_no_others() -> None:
    tree = ast.parse(inspect.getsource(constraints))
    seen = {
        alias.name: each.module
        for block in tree.body
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }
    assert sorted(seen) == constraints.__all__
    for name, home in seen.items():
        assert getattr(constraints, name) is getattr(import_module(str(home)), name)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = constraints.Nothing


def test_importing_constraints_does_not_load_the_engine_or_the_kubernetes_package() -> None:
    code = "import sys, constraints; print(sorted({'jsonschema', 'cryptography', 'kubernetes', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
