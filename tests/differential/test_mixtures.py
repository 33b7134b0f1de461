"""`patrol test` prints what `gator test` prints of random folders, in each format, and warns in the same words.

Slow: `pytest -m slow tests/differential/test_mixtures.py`, which builds gator unless it was built before.
DIFFERENTIAL_FOLDERS says how many folders, DIFFERENTIAL_SEED which.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from random import Random

import pytest
from differential.mixtures import spread

from audit.gator import main

FORMATS = ([], ["-o", "json"], ["-o", "yaml"])
MANY = int(os.environ.get("DIFFERENTIAL_FOLDERS", "30"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(SEED, SEED + MANY))
def test_a_random_folder_is_told_as_gator_tells_it(
    gator: Path, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = spread(Random(seed), tmp_path)
    for form in FORMATS:
        command = [str(gator), "test", *arguments, *form]
        theirs = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
        )
        code = main([*arguments, *form])
        mine = capsys.readouterr()
        assert (code, mine.out) == (theirs.returncode, theirs.stdout)
        assert mine.err.startswith(_TIME.sub("", theirs.stderr).strip()[:100])
