"""What goes wrong again and again is said once."""

from __future__ import annotations

from audit.repeats import Repeats


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_trouble_is_said_once_and_then_ever_more_seldom_with_a_count() -> None:
    time = Time()
    repeats, lines = Repeats(time, first=60, longest=150), []
    for _ in range(250):
        lines.append(repeats.again("403", "it is forbidden"))
        time.now += 2
    assert [line for line in lines if line] == [
        "it is forbidden",
        "it is forbidden (31 times by now)",
        "it is forbidden (91 times by now)",
        "it is forbidden (166 times by now)",
        "it is forbidden (241 times by now)",
    ]


def test_another_trouble_is_said_at_once() -> None:
    repeats = Repeats(Time())
    assert [repeats.again(what, f"{what}!") for what in ("401", "401", "403", "401")] == ["401!", "", "403!", "401!"]


def test_its_end_is_said_when_it_came_more_than_once() -> None:
    repeats = Repeats(Time())
    assert repeats.over() == ""
    repeats.again("x", "x")
    assert repeats.over() == ""
    for _ in range(3):
        repeats.again("x", "x")
    assert (repeats.over(), repeats.over()) == ("well again after 3 failures", "")
