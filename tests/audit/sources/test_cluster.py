"""Pages become objects; nothing counts twice, nothing is lost without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from audit.errors import Forbidden, KubeError
from audit.kube.lister import RawPage
from audit.kube.tardy import Tardy
from audit.model import KindEnd, Page, Resource
from audit.plan import Listing
from audit.sources.cluster import ClusterSource, Pace
from audit.sources.lanes import Lanes
from constraints import Gap, Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", True)
POD_LIST = {"kind": "PodList", "apiVersion": "v1"}
NODES = Resource(Kind("", "v1", "Node"), "nodes", False)


@dataclass
class Pages:
    """A lister that gives prepared pages; an error in their place is raised. The `silent` kinds wait for their
    event.
    """

    of: dict[str, list[RawPage | KubeError]]
    silent: dict[str, Event] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tardy: Tardy = field(default_factory=Tardy)

    def pages(self, resource: Resource, limit: int, metadata_only: bool = False) -> Iterator[RawPage]:
        self.asked.append(resource.kind.kind)
        if resource.kind.kind in self.silent:
            assert self.silent[resource.kind.kind].wait(20)
        for page in self.of.get(resource.kind.kind, []):
            if isinstance(page, KubeError):
                raise page
            yield page


def page(*names: str, restarted: bool = False, number: int = 1) -> RawPage:
    items = [{"metadata": {"namespace": n.split("/")[0], "name": n.split("/")[1]}} for n in names]
    return RawPage(json.dumps({**POD_LIST, "metadata": {}, "items": items}).encode(), number, restarted)


def node(name: str) -> RawPage:
    items = [{"metadata": {"name": name, "namespace": ""}}]
    return RawPage(json.dumps(POD_LIST | {"kind": "NodeList", "metadata": {}, "items": items}).encode(), 1)


def raw(value: Any) -> RawPage:
    return RawPage(value if isinstance(value, bytes) else json.dumps(POD_LIST | value).encode(), 1)


def play(pages: dict[str, list[RawPage | KubeError]], *resources: Resource, cache: Path | None = None) -> list[Any]:
    listings = tuple(Listing(r) for r in resources or (PODS,))
    return list(ClusterSource(Pages(pages), listings, Pace(cache_dir=cache), Event()).pages())  # type: ignore[arg-type]


def names(items: list[Any]) -> list[str]:
    return [
        f"{o['metadata']['namespace']}/{o['metadata']['name']}" for i in items if isinstance(i, Page) for o in i.objects
    ]


def gaps(items: list[Any]) -> list[Gap]:
    return [i for i in items if isinstance(i, Gap)]


def test_objects_get_the_kind_that_their_list_has() -> None:
    first = play({"Pod": [page("a/b")]})[0]
    assert (first.objects[0]["apiVersion"], first.objects[0]["kind"]) == ("v1", "Pod")


def test_a_kind_ends_with_its_pages_counted() -> None:
    end = play({"Pod": [page("a/a"), page("a/b")]})[-1]
    assert isinstance(end, KindEnd)
    assert end.pages == 2


def test_a_list_that_started_again_counts_nothing_twice() -> None:
    items = play({"Pod": [page("a/a", "a/b"), page("a/a", "a/aa", "a/c", restarted=True), page("b/a", restarted=True)]})
    assert names(items) == ["a/a", "a/b", "a/c", "b/a"]


def test_keys_compare_as_the_api_server_orders_them() -> None:
    items = play({"Pod": [page("a-b/x", "a/x"), page("a-b/x", "a/x", "a/y", restarted=True)]})
    assert names(items) == ["a-b/x", "a/x", "a/y"]


def test_an_object_that_is_twice_in_a_page_counts_once() -> None:
    assert names(play({"Pod": [page("a/a", "a/b", "a/a", "a/b"), page("a/c")]})) == ["a/a", "a/b", "a/c"]


def test_a_list_without_order_that_started_again_gives_what_did_not_come_before() -> None:
    items = play({"Pod": [page("b/a", "a/b"), page("b/a", "a/b", "a/c", restarted=True), page("a/a", restarted=True)]})
    assert (names(items), gaps(items)) == (["b/a", "a/b", "a/c", "a/a"], [])


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([["a/a", "a/b"], ["a/a", "a/b"], ["a/a", "a/b"]], id="the same page again"),
        pytest.param([["a/a", "a/b"], ["a/b", "a/c"]], id="one that overlaps"),
        pytest.param([["a/c"], ["a/a"], ["a/c", "a/b"], ["a/a", "a/d"]], id="without order"),
        pytest.param([["a/b", "a/a"], ["a/a", "a/c"]], id="without order in a page"),
    ],
)
def test_an_object_that_comes_on_several_pages_counts_once(pages: list[list[str]]) -> None:
    found = names(play({"Pod": [page(*each) for each in pages]}))
    assert sorted(found) == sorted({name for each in pages for name in each})


def test_objects_of_one_name_and_several_uids_are_one() -> None:
    items = [{"metadata": {"namespace": "a", "name": "b", "uid": uid}} for uid in ("1", "2")]
    assert names(play({"Pod": [raw({"items": items})]})) == ["a/b"]


def test_a_refused_kind_is_a_gap_and_the_next_one_is_listed() -> None:
    items = play(
        {"Pod": [Forbidden("pods is forbidden", status=403)], "Node": [raw({"kind": "NodeList", "items": []})]},
        PODS,
        NODES,
    )
    assert [(g.reason, g.kind, g.message) for g in gaps(items)] == [
        ("Forbidden", PODS.kind, "v1/Pod: could not be listed: pods is forbidden")
    ]
    assert isinstance(items[-1], KindEnd)


def test_pages_before_an_error_are_kept() -> None:
    items = play({"Pod": [page("a/a"), Forbidden("no", status=403)]})
    assert (names(items), len(gaps(items))) == (["a/a"], 1)


def test_a_page_that_is_not_json_is_a_gap_that_says_so() -> None:
    (gap,) = gaps(play({"Pod": [raw(b"<html>")]}))
    assert gap.message.startswith("v1/Pod: could not be listed: the reply of 6 bytes is not JSON: ")


def test_a_page_without_items_is_a_gap_and_null_items_are_none() -> None:
    (gap,) = gaps(play({"Pod": [raw({})]}))
    assert gap.message == "v1/Pod: could not be listed: the list has no field items"
    assert gaps(play({"Pod": [raw({"items": None})]})) == []


def test_an_object_without_metadata_is_a_gap_and_the_others_go_on() -> None:
    items = play(
        {
            "Pod": [
                raw(
                    {
                        "items": [
                            {"spec": {}},
                            7,
                            None,
                            {"metadata": {}},
                            {"metadata": {"name": "x", "namespace": "a"}},
                            {"metadata": {"name": "y", "namespace": 7}},
                        ]
                    }
                )
            ]
        }
    )
    assert names(items) == ["a/x"]
    assert [g.message for g in gaps(items)] == [
        "an item in the list of v1/Pod: its field metadata is missing, not an object",
        "an item in the list of v1/Pod: it is a number, not an object",
        "an item in the list of v1/Pod: it is null, not an object",
        "an item in the list of v1/Pod: it has no name",
        "an item in the list of v1/Pod: its namespace is a number",
    ]


def test_a_cache_folder_that_cannot_be_made_does_not_stop_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert names(play({"Pod": [page("a/a")]}, cache=tmp_path / "file" / "x")) == ["a/a"]


def test_leaving_early_ends_the_listing_thread(tmp_path: Path) -> None:
    source = ClusterSource(Pages({"Pod": [page("a/a")] * 100}), (Listing(PODS),), Pace(cache_dir=tmp_path), Event())  # type: ignore[arg-type]
    pages = source.pages()
    next(pages)
    pages.close()
    assert list(tmp_path.iterdir()) == []


def hurried() -> Lanes:
    """Lanes that take every wait for long."""
    return Lanes(patience=0.0)


def test_a_kind_that_does_not_answer_does_not_hold_up_the_others() -> None:
    answers = Event()
    lister = Pages({"Node": [node("a")], "Pod": [page("a/a")]}, {"Node": answers})
    source = ClusterSource(lister, (Listing(NODES), Listing(PODS)), Pace(lanes=hurried()), Event())  # type: ignore[arg-type]
    items = []
    for item in source.pages():
        items.append(item)
        if isinstance(item, KindEnd) and item.resource == PODS:
            answers.set()
    assert names(items) == ["a/a", "/a"]


def test_pages_of_one_kind_come_in_their_order_whatever_comes_beside_them() -> None:
    answers = Event()
    nodes: list[RawPage | KubeError] = [node(f"n{at:02d}") for at in range(30)]
    pods: list[RawPage | KubeError] = [page(f"a/p{at:02d}") for at in range(30)]
    lister = Pages({"Node": nodes, "Pod": pods}, {"Node": answers})
    source = ClusterSource(lister, (Listing(NODES), Listing(PODS)), Pace(lanes=hurried()), Event())  # type: ignore[arg-type]
    items = []
    for item in source.pages():
        items.append(item)
        answers.set()
    for kind in (NODES, PODS):
        mine = names([item for item in items if isinstance(item, Page) and item.resource == kind])
        assert (len(mine), mine) == (30, sorted(mine))


def test_a_run_that_takes_too_long_ends_and_says_what_it_left_out() -> None:
    now = [1000.0]
    lister = Pages({"Node": [node("a")], "Pod": [page("a/a")]}, {"Pod": Event()})
    pace = Pace(timeout=60.0, elapsed=lambda: now[0], lanes=hurried()).since(990.0)
    source = ClusterSource(lister, (Listing(NODES), Listing(PODS)), pace, Event())  # type: ignore[arg-type]
    items = []
    for item in source.pages():
        items.append(item)
        if isinstance(item, KindEnd):
            now[0] += 50.0
    assert names(items) == ["/a"]
    assert [(g.reason, g.kind, g.message) for g in gaps(items)] == [
        ("RunTimeout", PODS.kind, "v1/Pod: could not be listed to its end: the run had taken 60 s")
    ]
    lister.silent["Pod"].set()


def test_a_kind_that_could_not_be_listed_comes_last_in_the_next_run() -> None:
    lister = Pages({"Node": [node("a")], "Pod": [page("a/a")]})
    lister.tardy.failed(NODES.kind)
    source = ClusterSource(lister, (Listing(NODES), Listing(PODS)), Pace(), Event())  # type: ignore[arg-type]
    assert names(list(source.pages())) == ["a/a", "/a"]
    assert lister.asked == ["Pod", "Node"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_kind_whose_thread_dies_is_a_gap_and_not_an_empty_list() -> None:
    class Broken(Pages):
        def pages(self, resource: Resource, limit: int, metadata_only: bool = False) -> Iterator[RawPage]:
            if resource == NODES:
                threads.append(current_thread())
                raise SystemExit
            return super().pages(resource, limit, metadata_only)

    threads: list[Thread] = []
    source = ClusterSource(Broken({"Pod": [page("a/a")]}), (Listing(NODES), Listing(PODS)), Pace(), Event())  # type: ignore[arg-type]
    items = list(source.pages())
    threads[0].join()
    assert (names(items), [(g.reason, g.kind) for g in gaps(items)]) == (["a/a"], [("ListFailed", NODES.kind)])


@pytest.mark.parametrize("kept", [True, False])
def test_managed_fields_are_read_only_where_the_plan_says_so(kept: bool) -> None:
    item = {"metadata": {"name": "p", "namespace": "n", "managedFields": [{"manager": "m"}]}, "spec": {}}
    pages = Pages({"Pod": [raw({"metadata": {}, "items": [item]})]})
    source = ClusterSource(pages, (Listing(PODS, managed_fields=kept),), Pace(), Event())  # type: ignore[arg-type]
    (obj,) = next(found for found in source.pages() if isinstance(found, Page)).objects
    assert ("managedFields" in obj["metadata"]) is kept
