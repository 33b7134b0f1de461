from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import constraints


def test_what_the_package_exports_is_what_it_defines() -> None:
    public = {
        name
        for name, value in vars(constraints).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert set(constraints.__all__) == public


def test_importing_constraints_does_not_load_the_engine_or_the_kubernetes_package() -> None:
    code = "import sys, constraints; print(sorted({'jsonschema', 'cryptography', 'kubernetes', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
