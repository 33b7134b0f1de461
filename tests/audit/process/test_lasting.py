"""What stays to the end is not looked through by Python's garbage collector."""

from __future__ import annotations

import gc
import subprocess
import sys

from audit.process.lasting import lasting


def test_what_lasts_is_not_collected_while_it_is_made_nor_looked_through_afterwards() -> None:
    try:
        with lasting():
            off = not gc.isenabled()
            made = [[number] for number in range(1000)]
        assert (off, gc.isenabled(), gc.get_freeze_count() > len(made)) == (True, True, True)
    finally:
        gc.unfreeze()


def test_the_modules_of_a_run_last() -> None:
    code = (
        "import gc; from audit.cli import main; main(['run', '--kubeconfig=/nowhere', '--once']); "
        "print(gc.get_freeze_count() > 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
