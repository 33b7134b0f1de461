"""A larger stack lasts as long as somebody wants it."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from constraints.lang.stack import stack_of


def test_the_limit_is_that_of_before_in_whatever_order_blocks_of_several_threads_end() -> None:
    before = sys.getrecursionlimit()
    large, small = ExitStack(), ExitStack()
    large.enter_context(stack_of(before + 2000))
    small.enter_context(stack_of(before + 1000))
    assert sys.getrecursionlimit() == before + 2000
    large.close()
    assert sys.getrecursionlimit() == before + 1000
    small.close()
    assert sys.getrecursionlimit() == before


def test_a_wish_for_less_than_there_is_changes_nothing() -> None:
    before = sys.getrecursionlimit()
    with stack_of(10):
        assert sys.getrecursionlimit() == before
    assert sys.getrecursionlimit() == before
