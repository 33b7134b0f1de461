"""What violations say, made once for all who tell of it."""

from __future__ import annotations

from builders import constraint, page, violation

from audit.logs.said import Saying, said


def test_a_part_of_a_page_is_made_into_json_once_and_not_kept_when_all_were_told() -> None:
    saying, one, other = Saying(), page(violation(constraint(), "p")), page(violation(constraint(), "q"))
    first = saying.of(one)
    assert saying.of(one) is first
    assert [message for _, message, _, _ in saying.of(other)] == [b'"q is wrong"']
    again = saying.of(one)
    assert again == first
    saying.over()
    assert saying.of(one) is not again


def test_what_has_no_place_in_json_is_left_to_others() -> None:
    found = [violation(constraint(), name, details=details) for name, details in (("a", 2**70), ("b", None))]
    assert [each[1:] for each in said(found)] == [
        (None, None, None),
        (b'"b is wrong"', b"null", (b'"ns"', b'"b"', b"null")),
    ]
