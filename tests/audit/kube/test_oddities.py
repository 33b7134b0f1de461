"""What the fast decoder refuses: read as Go reads it, or told of the one object that it is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.errors import BadBody
from audit.kube.oddities import TOO_DEEP, Unreadable
from audit.kube.replies import Expected, Form, document, items_of
from constraints import Kind

FOO = Kind("example.com", "v1", "Foo")
HEAD = b'{"apiVersion":"example.com/v1","items":['
TAIL = b'],"kind":"FooList","metadata":{"resourceVersion":"1"}}'
LONG = "9" * 5000
SHOWN = f"json: cannot unmarshal number {LONG[:40]}... into Go value of type float64"


def foo(spec: str, name: str = "odd", namespace: str = "shop") -> bytes:
    metadata = json.dumps({"namespace": namespace, "name": name})
    return f'{{"apiVersion":"example.com/v1","kind":"Foo","metadata":{metadata},"spec":{spec}}}'.encode()


def page(*items: bytes) -> bytes:
    return HEAD + b" ,\n".join(items) + TAIL


GOOD = foo('{"a":[1,{"b":"c"}]}', "good")


@pytest.mark.parametrize(
    ("spec", "becomes"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'{"\udc00x":1}', {"\ufffdx": 1}),
        ("12345678901234567890123", 12345678901234567890123.0),
    ],
)
def test_what_go_reads_is_read(spec: str, becomes: Any) -> None:
    good, odd = items_of(page(GOOD, foo(spec)), FOO)
    assert (good["metadata"]["name"], odd["spec"]) == ("good", becomes)
    assert document(Expected(Form.OBJECT, FOO), foo(spec))["spec"] == becomes


def test_bytes_that_are_no_text_are_replaced() -> None:
    (odd,) = items_of(page(foo('"x"').replace(b'"x"', b'"\xff"')), FOO)
    assert odd["spec"] == "\ufffd"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (LONG, f"spec: {SHOWN}"),
        (f'{{"a":[0,{LONG}]}}', f"spec.a[1]: {SHOWN}"),
        ("NaN", "spec: invalid character 'N' looking for beginning of value"),
        ('{"a":-Infinity}', "spec.a: invalid character '-' looking for beginning of value"),
        ("1e400", "spec: json: cannot unmarshal number 1e400 into Go value of type float64"),
        ("[" * 5000 + "]" * 5000, TOO_DEEP),
        ('{"a":' * 5000 + r'"]\""' + "}" * 5000, TOO_DEEP),
    ],
    ids=["5,000 digits", "5,000 digits inside", "NaN", "Infinity", "too large", "deep lists", "deep objects"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_cannot_be_read_is_one_item_with_its_name_and_the_others_are_there(
    spec: str, why: str, place: int
) -> None:
    rows = [GOOD, GOOD]
    rows.insert(place, foo(spec))
    items = items_of(page(*rows), FOO)
    assert items.pop(place) == Unreadable(why, "shop", "odd")
    assert [item["metadata"]["name"] for item in items] == ["good", "good"]
    with pytest.raises(BadBody, match="is not JSON"):
        document(Expected(Form.OBJECT, FOO), foo(spec))


@pytest.mark.parametrize("metadata", ["7", "null", '{"name":7}', f'{{"name":"x","y":{"[" * 3000}{"]" * 3000}}}'])
def test_what_has_no_name_either_is_told_without_one(metadata: str) -> None:
    odd = f'{{"spec":NaN,"deep":{"[" * 3000}{"]" * 3000},"metadata":{metadata}}}'.encode()
    assert items_of(page(GOOD, odd), FOO)[1] == Unreadable(TOO_DEEP)


@pytest.mark.parametrize(
    "broken",
    [
        page(GOOD, foo(LONG))[:-1],
        page(GOOD, foo(LONG)) + b"{}",
        page(foo(LONG), b"{]"),
        page(foo(LONG), b""),
        page(foo("[" * 5000 + "]" * 4000)),
        HEAD + foo(LONG) + foo(LONG) + TAIL,
        HEAD + foo(LONG) + TAIL.replace(b'"1"', LONG.encode()),
        b"\xef\xbb\xbf" + page(GOOD),
        b"{",
        b'{"items":[',
        b'{7:"items"}',
        b"<html>",
    ],
)
def test_a_body_that_is_broken_is_no_list(broken: bytes) -> None:
    with pytest.raises(BadBody):
        items_of(broken, FOO)
