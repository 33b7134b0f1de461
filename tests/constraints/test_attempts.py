"""What a policy raises is a value; what ends an evaluation, or the process, is not caught."""

from __future__ import annotations

import pytest

from constraints.asking import attempt
from constraints.timing import OutOfTime


def test_a_call_gives_what_it_gives_or_what_it_has_raised() -> None:
    assert attempt(divmod, 7, 2) == (3, 1)
    assert isinstance(attempt(divmod, 7, 0), ZeroDivisionError)


@pytest.mark.parametrize("ending", [OutOfTime, KeyboardInterrupt])
def test_what_ends_an_evaluation_or_the_process_goes_on_its_way(ending: type[BaseException]) -> None:
    def end(first: int, second: int) -> None:
        raise ending

    with pytest.raises(ending):
        attempt(end, 1, 2)
