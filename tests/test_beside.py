"""What is not beside the checkout is named by who reads it, and never counts as passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from beside import SHARED, absent
from conformance import run_cel, run_golden, run_library, run_rego


def test_what_is_not_there_is_named_with_the_place_where_it_belongs(tmp_path: Path) -> None:
    assert absent([tmp_path]) == ""
    assert absent([tmp_path, tmp_path / "a", tmp_path / "b"]) == (
        f"not there: {tmp_path}/a, {tmp_path}/b; recorded answers lie beside the checkout, in {SHARED}"
    )


@pytest.mark.parametrize("main", [run_cel.main, run_golden.main, run_library.main, run_rego.main])
def test_a_command_without_its_data_fails(main: Callable[[Sequence[str]], int], tmp_path: Path) -> None:
    assert main([str(tmp_path / "nothing")]) == 2
