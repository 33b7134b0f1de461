"""Files, folders and standard input to objects."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.sources import documents
from audit.sources.goyaml import float64
from audit.sources.manifests import Manifest, duplicates, parse, piped, read, read_objects

FILE = 'file: "f.yaml"'
YAML = "error converting YAML to JSON: "
KIND = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
READING = "reading: reading from filenames: "
DEEP = "nested too deeply"


def values(text: str) -> list[object]:
    return [manifest.object for manifest in parse(text.encode(), FILE)]


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("# only a comment\n---\n\n---\n", [], id="empty documents are left out"),
        pytest.param("{}\n---\na: b\n", [{"a": "b"}], id="empty objects are left out"),
        pytest.param("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="documents"),
        pytest.param("---\na: 1\n--- # second\nb: 2", [{"a": 1}, {"b": 2}], id="a comment behind the separator"),
        pytest.param("a: |\n  ---\n  b\n", [{"a": "---\nb\n"}], id="an indented separator is text"),
        pytest.param('{"a": 1}\n', [{"a": 1}], id="JSON"),
        pytest.param(
            '{"a": 1}{"b": 2}\n\n {"c": 3}', [{"a": 1}, {"b": 2}, {"c": 3}], id="JSON values one after the other"
        ),
        pytest.param(
            '---\n{"a": 1}\n---\n{"b": 9007199254740993}\n',
            [{"a": 1}, {"b": 9007199254740992}],
            id="JSON documents; numbers are float64",
        ),
        pytest.param('{"a": 2.0, "v": "1.25"}', [{"a": 2, "v": "1.25"}], id="an integral float in JSON is an integer"),
        pytest.param("{a: yes}", [{"a": True}], id="YAML that begins like JSON"),
        pytest.param("a: b\r\n---\r\nc: d\r\n", [{"a": "b"}, {"c": "d"}], id="lines that end as on Windows"),
    ],
)
def test_parse(text: str, objects: list[object]) -> None:
    assert values(text) == objects


def test_a_manifest_knows_where_it_came_from() -> None:
    found = parse(b"# c\na: 1\n---\n\n---\nb: 2\n", FILE)
    assert [str(manifest) for manifest in found] == [f"{FILE}, document 1, line 1", f"{FILE}, document 2, line 6"]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        pytest.param("a: 1\n---\nb: [\nc: d\n", f"{YAML}yaml: ", "document 2, line 5", id="YAML that does not end"),
        pytest.param(
            "--- {a: b}\n",
            "invalid Yaml document separator: {a: b}",
            "document 1, line 1",
            id="text behind the separator",
        ),
        pytest.param("- a\n", f"{KIND}array", "document 1, line 1", id="a list"),
        pytest.param("a: 1\n---\nword\n", f"{KIND}string", "document 2, line 3", id="a word"),
        pytest.param(
            '{"a": 1} {"b": 2} 3', "json: cannot unmarshal number", "document 3, line 1", id="a number in JSON"
        ),
        pytest.param('{"a": 1,\n "b": [}', "json: offset ", "document 1, line 1", id="neither JSON nor YAML"),
        pytest.param(
            "a:\n  ? [a]\n  : b\n", f"{YAML}yaml: invalid map key", "document 1, line 2", id="a list for a key"
        ),
        pytest.param("a: .inf\n", f"{YAML}json: unsupported value: +Inf", "document 1, line 1", id="infinity"),
        pytest.param("a: " + "[" * 5000 + "]" * 5000, DEEP, "document 1, line 1", id="too deep"),
        pytest.param('{"a":' * 5000 + "1" + "}" * 5000, DEEP, "document 1, line 1", id="too deep in JSON"),
        pytest.param("a:\n" + "- " * 5000, DEEP, "document 1, line 1", id="too deep in blocks"),
        pytest.param(  # here Python's stack ends also where libyaml counts levels
            "a: " + "[" * 990 + "]" * 990, DEEP, "document 1, line 1", id="less deep"
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_the_words_of_gator_and_with_its_place(
    text: str, message: str, place: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(text.encode(), FILE)
    assert str(caught.value).startswith(f"reading yaml source: {message}")
    assert str(caught.value).endswith(f"({place})")


@pytest.mark.parametrize(
    ("start", "more", "times", "message"),
    [
        pytest.param(
            b"a: b\n", b"# comment\n", documents.LARGEST // 10 + 1, "a document of more than 8 MiB", id="YAML"
        ),
        pytest.param(b'{"a": 1}', b" ", documents.LARGEST_JSON, "json: more than 64 MiB", id="JSON"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_parsed(start: bytes, more: bytes, times: int, message: str) -> None:
    with pytest.raises(InputError, match=rf"{message} \(document 1, line 1\)"):
        parse(start + more * times, FILE)


def test_json_with_long_texts_is_read_as_json_whatever_its_size() -> None:
    text = "x" * documents.LARGEST
    assert values(f'{{"a": "{text}"}}\n---\n{{"b": "{text}", "c": {{"d": "e"}}}}') == [
        {"a": text},
        {"b": text, "c": {"d": "e"}},
    ]


def test_folders_are_walked_and_other_files_passed_by(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name, text in (("b/2.yml", "id: 2"), ("b/3.json", '{"id": 3}'), ("1.yaml", "id: 1"), ("note.txt", "id: 4")):
        (tmp_path / name).write_text(text)
    assert read_objects([str(tmp_path)]) == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_a_named_file_needs_one_of_the_extensions(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a: b")
    with pytest.raises(InputError) as caught:
        read([str(tmp_path / "note.txt")])
    assert str(caught.value) == f'{READING}path "{tmp_path}/note.txt" must be of extensions: [.yaml .yml .json]'


def test_a_path_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match=r'stat on path "nowhere.yaml": stat nowhere.yaml: no such file or directory'):
        read(["nowhere.yaml"])


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(
        InputError, match=r'reading file ".*/a.yaml": reading yaml source: .*yaml: invalid leading UTF-8 octet'
    ):
        read([str(tmp_path)])


def test_standard_input_is_read_after_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: 1")
    found = read([str(tmp_path)], io.BytesIO(b"id: 2"))
    assert [(manifest.object, manifest.file) for manifest in found][1] == ({"id": 2}, "stdin")


def test_devices_and_closed_streams_are_not_piped(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with open("/dev/null") as null, open(tmp_path / "a") as file:
        assert piped(null) is None
        assert piped(file) is file.buffer
    assert piped(file) is None
    assert piped(None) is None


@pytest.mark.parametrize(
    "number", ["1.0", "-2.50", "1e3", "1E+3", "-1.5e-2", "1234567", "-12345678.5", "9007199254740993", "7"]
)
@pytest.mark.parametrize(
    "around", ['{"a": %s}', '{"a":[%s,1]}', '{"a": [1, %s\n]}', '{"b": "x:1.5,", "a": %s\r\n, "c": {}}']
)
def test_numbers_in_json_are_float64_wherever_they_stand(number: str, around: str) -> None:
    assert repr(values(around % number)) == repr([float64(json.loads(around % number))])


def test_text_that_looks_like_numbers_costs_no_more_time() -> None:
    assert values('{"a": "' + ":1.1" * 100_000 + ",: " * 10_000 + "1" * 100_000 + '"}')


def test_objects_of_one_group_kind_namespace_and_name_are_duplicates() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "web", "namespace": "a"}}
    found = [
        Manifest({"apiVersion": "v1", **pod}, 'file: "a"', 1, 1),
        Manifest({"apiVersion": "v2", **pod}, "stdin", 1, 1),
        Manifest({"apiVersion": "apps/v1", **pod}, 'file: "c"', 1, 1),
    ]
    assert list(duplicates(found)) == ['WARNING - Resource named "web" (from stdin) is already defined in file: "a"']


def test_a_duplicate_is_named_as_go_quotes_it() -> None:
    pod = Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 'a\t"'}}, "stdin", 1, 1)
    (told,) = duplicates([pod, pod])
    assert told == 'WARNING - Resource named "a\\t\\"" (from stdin) is already defined in stdin'


@pytest.mark.parametrize(
    "key", [pytest.param("k" * 1_100, id="plain"), pytest.param("k" * 1_100 + r"\"" + "k", id="with a quote")]
)
@pytest.mark.parametrize("space", ["", " "])
def test_json_with_a_long_key_is_read_as_yaml_behind_a_separator(key: str, space: str) -> None:
    with pytest.raises(InputError):
        values(f'{{"a": 1}}\n---\na: b\n---\n{{"{key}"{space}: 1}}\n')
