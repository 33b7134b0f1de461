"""How far a call comes, and what is cut on the way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from audit.errors import ExportError
from audit.export.driver import Advance
from audit.export.portions import Portions, Receipt, Refusal

DOWN = ExportError("down")


def test_a_call_that_takes_its_time_gives_back_how_far_it_came() -> None:
    def send(portion: Sequence[bytes]) -> Receipt:
        return Receipt(len(portion))

    portions = Portions(most=1, seconds=0.0)
    assert portions.send([b"a", b"b"], send) == Advance(1, [])
    assert Portions(most=1).send([b"a", b"b"], send) == Advance(2, [])


def test_what_was_taken_before_an_error_is_told_first_and_then_the_error() -> None:
    answers = [Receipt(1), Receipt(error=DOWN), Receipt(2)]
    portions = Portions(most=1)
    assert portions.send([b"a", b"b"], lambda portion: answers.pop(0)) == Advance(1, [])
    with pytest.raises(ExportError):
        portions.send([b"b"], lambda portion: answers.pop(0))
    assert len(answers) == 1  # for that nothing was sent
    assert portions.send([b"b", b"c"], lambda portion: answers.pop(0)) == Advance(2, [])


def test_what_is_refused_is_cut_until_it_is_alone_and_counts_as_done() -> None:
    def send(portion: Sequence[bytes]) -> Receipt:
        bad = b"bad" in portion
        return Receipt(refusal=Refusal.WRONG, text="wrong") if bad else Receipt(len(portion))

    assert Portions().send([b"a", b"b", b"bad", b"c"], send) == Advance(4, ["wrong"])
