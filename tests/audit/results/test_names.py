"""Names of files of results, and which names are not ours."""

from __future__ import annotations

import pytest

from audit.results.names import Name, Stem, is_draft, is_link

STEM = Stem.of("2026-11-20T23:17:21Z")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (Name(STEM), "run-2026-11-20T23-17-21Z.jsonl"),
        (Name(STEM, compressed=True), "run-2026-11-20T23-17-21Z.jsonl.gz"),
        (Name(STEM, partial=True), "run-2026-11-20T23-17-21Z.partial.jsonl"),
        (Name(Stem(STEM.stamp, 12), True, True), "run-2026-11-20T23-17-21Z.12.partial.jsonl.gz"),
    ],
)
def test_a_name_is_read_as_it_is_written(name: Name, text: str) -> None:
    assert (str(name), Name.read(text)) == (text, name)


@pytest.mark.parametrize(
    "text",
    [
        "latest",
        "run-2026-11-20T23:17:21Z.jsonl",
        "run-2026-11-20T23-17-21Z.jsonl.bak",
        "../run-2026-11-20T23-17-21Z.jsonl",
        "run-2026-11-20T23-17-21Z.jsonl\n",
        "run-\uff12026-11-20T23-17-21Z.jsonl",
        ".run-2026-11-20T23-17-21Z.draft",
    ],
)
def test_other_names_are_not_ours(text: str) -> None:
    assert Name.read(text) is None


def test_runs_are_in_the_order_in_which_they_began() -> None:
    stems = [Stem("2026-11-20T23-17-21Z", 10), Stem("2026-11-20T23-17-22Z"), Stem("2026-11-20T23-17-21Z", 9), STEM]
    assert sorted(stems) == [STEM, stems[2], stems[0], stems[1]]


def test_what_is_not_finished_has_hidden_names_of_its_own() -> None:
    assert (is_draft(STEM.draft), is_link(STEM.link)) == (True, True)
    assert not any(read(str(Name(STEM))) for read in (is_draft, is_link))
    assert {STEM.draft[0], STEM.link[0]} == {"."}
