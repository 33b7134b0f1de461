"""The programs that build.py builds, for tests that need them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parent / "build.py"
NO_GO = 3  # see build.py


def program(name: str) -> Path:
    """Where a program is, built when it has not been before; skips the test where there is no Go to build it with."""
    built = subprocess.run([sys.executable, str(BUILD), name], stdout=subprocess.PIPE, text=True)
    if built.returncode == NO_GO:
        pytest.skip(f"needs Go to build {name}; see tests/cluster/build.py")
    assert built.returncode == 0, f"{name} could not be built"
    return Path(built.stdout.strip())
