"""Pages without managedFields: as if they had been deleted after decoding, whatever else a page holds."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import BadBody
from audit.kube import managedfields
from audit.kube.managedfields import items_without, shortened
from audit.kube.oddities import Unreadable
from audit.kube.replies import items_of
from constraints import Kind

POD = Kind("", "v1", "Pod")
FOO = Kind("example.com", "v1", "Foo")
NAME = "managedFields"
MANAGED = [
    {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {'k:{"name":"c"}': {".": {}, "f:image": {}}}}},
    {"manager": "kubelet", "subresource": "status"},
]
HOSTILE = (  # what a scan could take for something else
    *('"managedFields":[', ',"managedFields":[{}]},"spec', '{"managedFields":[]', 'managedFields":[', '"', '\\"', "\\"),
    *(']},"a', '],"a', "]", "[", "}", "{", '\\"managedFields\\":[', "\u2028", "\ud7ff", "é"),
)


def text(items: list[Any], **how: Any) -> bytes:
    page = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}
    return json.dumps(page, **{"separators": (",", ":"), **how}).encode()


def custom(items: list[Any]) -> bytes:
    """As API servers write custom resources: keys in the order of the alphabet."""
    page = {"kind": "FooList", "apiVersion": "example.com/v1", "metadata": {"resourceVersion": "1"}, "items": items}
    return json.dumps(page, separators=(",", ":"), sort_keys=True).encode()


def deleted(items: list[Any]) -> list[Any]:
    """The items, less what is not wanted of them."""
    found = copy.deepcopy(items)
    for item in found:
        if isinstance(item, dict) and isinstance(item.get("metadata"), dict):
            item["metadata"].pop(NAME, None)
    return found


def pod(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", "labels": {"a": "b"}, NAME: MANAGED}, "spec": {"containers": []}, **fields}


strings = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=5), st.lists(st.sampled_from(HOSTILE)).map("".join))
keys = st.one_of(st.sampled_from((NAME, "metadata", "items", "spec", "")), strings)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), strings),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip
managed = st.one_of(st.just(MANAGED), st.lists(values, max_size=3), values)
metadata = st.one_of(
    st.builds(lambda before, its, behind: {**before, NAME: its, **behind}, st.dictionaries(keys, values, max_size=2), managed, st.dictionaries(keys, values, max_size=2)),
    values,
)  # fmt: skip
items = st.lists(
    st.one_of(
        st.builds(lambda its, rest: {"metadata": its, **rest}, metadata, st.dictionaries(keys, values, max_size=3)),
        values,
    ),
    max_size=4,
)
WAYS = ({}, {"ensure_ascii": False}, {"sort_keys": True}, {"indent": 1}, {"separators": (", ", ": ")})


@settings(max_examples=150, deadline=None)
@given(items=items, how=st.sampled_from(WAYS))
def test_any_page_is_as_if_they_were_deleted_after_decoding(items: list[Any], how: dict[str, Any]) -> None:
    for item in items:
        if isinstance(item, dict):
            item.pop("kind", None)
            item.pop("apiVersion", None)
    body = text(items, **how).replace(b"\xed\x9f\xbf", b"?")
    assert repr(items_without(body, POD)) == repr(deleted(items_of(body, POD)))


@settings(max_examples=150, deadline=None)
@given(items=items, at=st.floats(0, 1), piece=st.sampled_from([one.encode() for one in HOSTILE] + [b"", b":", b","]))
def test_a_page_with_a_piece_put_into_it_is_the_same_where_it_still_is_json(
    items: list[Any], at: float, piece: bytes
) -> None:
    body = text([pod(), *items, pod()])
    place = int(at * len(body))
    body = body[:place] + piece + body[place + len(piece) :]
    try:
        orjson.loads(body)
        whole = items_of(body, POD)
    except (orjson.JSONDecodeError, BadBody):
        return
    assert repr(items_without(body, POD)) == repr(deleted(whole))


@pytest.mark.parametrize("body", [text([pod(), pod()]), custom([pod(), pod()])], ids=["built in", "custom"])
def test_what_servers_write_is_cut_before_it_is_decoded(body: bytes) -> None:
    short, cuts = shortened(body)
    assert (cuts, b"kubectl" in short) == (2, False)
    assert len(short) < len(body) - 100


def test_a_page_that_begins_with_many_objects_without_them_is_the_same() -> None:
    body = text([{"metadata": {"name": "p"}, "spec": "x" * 1000}] * 300 + [pod()])
    assert shortened(body) == (body, 0)
    assert items_without(body, POD) == deleted(items_of(body, POD))


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(pod(spec={NAME: [1], "x": 1}), id="a field of that name elsewhere"),
        pytest.param(pod(spec={"template": {"metadata": {NAME: MANAGED, "x": 1}}}), id="in the metadata of a template"),
        pytest.param({"metadata": {"name": "p", "annotations": {NAME: [1], "x": "y"}}}, id="among annotations"),
        pytest.param({"metadata": {"name": "p", "annotations": {"a": text([pod()]).decode()}}}, id="in a text"),
        pytest.param({NAME: [1], "metadata": {"name": "p"}}, id="beside metadata"),
        pytest.param(pod(metadata={"name": "p", NAME: [[1], {"a": "]"}]}, spec={}), id="with brackets in it"),
        pytest.param({"metadata": [{NAME: [1], "x": 1}], "x": 1}, id="where metadata is a list"),
    ],
)
def test_nothing_of_that_name_elsewhere_is_lost(item: dict[str, Any]) -> None:
    for body, kind in (
        (text([item, pod()]), POD),
        (custom([{**item, "kind": "Foo", "apiVersion": "example.com/v1"}]), FOO),
    ):
        assert items_without(body, kind) == deleted(items_of(body, kind))


@pytest.mark.parametrize(
    "metadata",
    [
        b'{"managedFields":[1],"managedFields":[2],"name":"p"}',
        b'{"managedFields":[1],"name":"p"},"metadata":{"name":"q"}',
        b'{"name":"q"},"metadata":{"managedFields":[1],"name":"p"}',
        rb'{"managed\u0046ields":[1],"name":"p"}',
        rb'{"x\"managedFields":[1],"name":"p"}',
        b'{ "managedFields" : [1] , "name":"p"}',
        b'{"managedFields":[{"a":"x]},\\"b"}],"name":"p"}',
        b'{"managedFields":["]},","managedFields","]},"],"name":"p"}',
        b'{"managedFields":["a],\\"b","c"],"name":"p"}',
    ],
)
def test_oddly_written_metadata(metadata: bytes) -> None:
    body = text([{"metadata": "here", "spec": {}}]).replace(b'"here"', metadata)
    assert items_without(body, POD) == deleted(items_of(body, POD))


def test_an_item_that_has_the_mark_itself_hides_no_other_cut() -> None:
    guessed = managedfields._MARK + 1
    body = text([pod(metadata={"name": "p", NAME: guessed}, spec={NAME: [1], "x": 1})])
    assert items_without(body, POD)[0]["spec"] == {NAME: [1], "x": 1}


def test_a_page_that_is_broken_elsewhere_is_refused_in_the_same_words() -> None:
    body = text([pod(), pod()])[:-5]
    with pytest.raises(BadBody) as whole:
        items_of(body, POD)
    with pytest.raises(BadBody) as short:
        items_without(body, POD)
    assert str(short.value) == str(whole.value)


def test_an_item_that_cannot_be_read_hides_no_other_one() -> None:
    body = text([pod(), pod(spec="odd"), pod()]).replace(b'"odd"', b"9" * 5000)
    found = items_without(body, POD)
    assert [isinstance(item, Unreadable) for item in found] == [False, True, False]
    assert [item["metadata"] for item in found[::2]] == [{"name": "p", "labels": {"a": "b"}}] * 2
