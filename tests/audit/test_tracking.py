"""When changed policies want a run, and which changes count."""

from __future__ import annotations

from typing import Any

import pytest

from audit.tracking import NEVER, PolicyChanges, Seen


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_nothing_is_due_before_anything_has_changed(time: Time) -> None:
    assert PolicyChanges(5, time).due() == NEVER


def test_a_run_is_due_a_fifth_of_the_debounce_after_the_last_change(time: Time) -> None:
    changes = PolicyChanges(5, time)
    changes.note()
    assert changes.due() == 101
    time.now = 100.5
    changes.note()
    assert changes.due() == 101.5


def test_changes_that_never_cease_do_not_put_it_off_for_longer_than_the_debounce(time: Time) -> None:
    changes = PolicyChanges(5, time)
    for at in range(40):
        time.now = 100 + at / 4
        changes.note()
    assert changes.due() == 105


def test_what_is_noted_after_a_run_has_begun_wants_another(time: Time) -> None:
    changes = PolicyChanges(5, time)
    changes.note()
    changes.take()
    assert changes.due() == NEVER
    time.now = 200.0
    changes.note()
    assert changes.due() == 201


def test_changes_that_a_run_could_not_see_want_another_and_later_each_time(time: Time) -> None:
    changes = PolicyChanges(5, time)
    assert not changes.take()
    changes.note()
    for pause in (5, 10, 20):
        assert changes.take()
        assert changes.due() == NEVER
        changes.taken(seen=False)
        assert changes.due() == time.now + pause
    changes.note()
    assert changes.due() == time.now + 1
    assert changes.take()
    changes.taken(seen=True)
    assert changes.due() == NEVER
    changes.note()
    changes.take()
    changes.taken(seen=False)
    assert changes.due() == time.now + 5


def policy(name: str = "a", uid: str = "1", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid, "resourceVersion": "7"}, "spec": {"x": 1}, **more}


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        pytest.param(policy(), False, id="nothing has changed"),
        pytest.param(policy(status={"byPod": [1]}), False, id="a status is written"),
        pytest.param(policy() | {"metadata": {**policy()["metadata"], "resourceVersion": "8"}}, False, id="a version"),
        pytest.param(policy(spec={"x": 2}), True, id="the spec changes"),
        pytest.param({"metadata": {"name": "a", "uid": "1"}}, True, id="the spec goes"),
        pytest.param(policy(uid="2"), True, id="it was deleted and made anew"),
        pytest.param(policy("b"), True, id="another one comes"),
    ],
)
def test_only_identity_and_spec_count(after: dict[str, Any], counts: bool) -> None:
    known = Seen()
    assert known.put(policy())
    assert known.put(after) is counts


def test_a_whole_list_tells_what_is_new_and_what_is_gone() -> None:
    known = Seen()
    assert known.replace([policy("a"), policy("b")]) == ((policy("a"), policy("b")), ())
    changed, gone = known.replace([policy("b"), policy("c")])
    assert ([obj["metadata"]["name"] for obj in changed], [obj["metadata"]["name"] for obj in gone]) == (["c"], ["a"])
    assert known.replace([policy("b"), policy("c")]) == ((), ())
    assert known.drop(policy("b"))
    assert not known.drop(policy("b"))
