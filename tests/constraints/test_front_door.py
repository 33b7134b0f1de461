"""What strangers know of this package is there, and comes when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import constraints

NO_COMPILER = """\
import sys
{what}
print([name for name in sys.modules if name in ("constraints.engine", "constraints.rego", "constraints.cel")])
"""


def test_every_name_is_that_of_its_own_module() -> None:
    for name in constraints.__all__:
        found = getattr(constraints, name)
        assert found is getattr(import_module(found.__module__), name)


def test_what_is_not_there_is_no_attribute_and_cannot_be_imported() -> None:
    with pytest.raises(AttributeError, match="module 'constraints' has no attribute 'Nothing'"):
        constraints.Nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Nothing' from 'constraints'"):
        from constraints import Nothing  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize(
    "what",
    [
        "from constraints import Kind, Violation",
        "import audit.settings.config",
        "from audit.cli import main; main(['run', '--help'])",
    ],
)
def test_values_and_settings_do_not_wait_for_the_compilers(what: str) -> None:
    code = NO_COMPILER.format(what=what)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
