"""Files of objects: paths and standard input to objects, as `gator test` reads them (contract, section 11)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import orjson
import yaml

from audit.errors import InputError
from audit.sources.goyaml import KUBERNETES, Dialect, spread
from constraints import Kind
from constraints.model import Json, Object

EXTENSIONS: Final = (".yaml", ".yml", ".json")
STDIN: Final = "stdin"

_SEPARATOR: Final = re.compile(r"^---(.*)(?:\n|\Z)", re.MULTILINE)
_EMPTY: Final = re.compile(r"(?:\s*(?:#.*)?(?:\n|\Z))*\Z")
_SOLID: Final = re.compile(r"\S")
# A number in JSON that may not be a float64 as it stands; the quantifiers give nothing back, so hostile text costs no more.
_ODD_NUMBER: Final = re.compile(r"[:,\[]\s*+-?(?:\d{7,}+|\d++[.eE][-+.\deE]*+)\s*+[,}\]]")

_ALIASED: Final = 10  # nodes that a character of YAML may stand for; without aliases it is less than one


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and where it came from: file (or `stdin`), 1-based document and line."""

    object: Object
    file: str
    document: int
    line: int

    def __str__(self) -> str:
        return _place(self.file, self.document, self.line)


@dataclass(frozen=True, slots=True)
class _Document:
    text: str
    number: int
    line: int


def read(paths: Iterable[str], stdin: TextIO | None = None) -> list[Manifest]:
    """The objects of files, of folders (walked in the order of names) and of `stdin`. Raises InputError."""
    found = [
        manifest for path in paths for file in _files(path) for manifest in parse(_content(file), f'file: "{file}"')
    ]
    if stdin is not None:
        found += parse(_read(stdin), STDIN)
    return found


def read_objects(paths: Iterable[str]) -> list[Object]:
    """The objects of files and folders, without where they came from. Raises InputError."""
    return [manifest.object for manifest in read(paths)]


def piped(stdin: TextIO | None) -> TextIO | None:
    """`stdin` unless it is a terminal, or any other character device (/dev/null), or closed."""
    try:
        mode = os.fstat(stdin.fileno()).st_mode if stdin is not None else None
    except (OSError, ValueError):
        return None
    return None if mode is None or (mode & 0o170000) == 0o020000 else stdin


def duplicates(manifests: Iterable[Manifest]) -> Iterator[str]:
    """A warning for each object whose group, kind, namespace and name have been seen before."""
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in manifests:
        metadata = manifest.object.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        kind = Kind.of(str(manifest.object.get("apiVersion", "")), str(manifest.object.get("kind", "")))
        name = str(metadata.get("name", ""))
        key = (kind.group, kind.kind, str(metadata.get("namespace", "")), name)
        if key in seen:
            yield f'WARNING - Resource named "{name}" (from {manifest.file}) is already defined in {seen[key].file}'
        seen[key] = manifest


def parse(text: str, file: str, dialect: Dialect = KUBERNETES) -> list[Manifest]:
    """The objects of one text: YAML documents, JSON documents, or a stream of JSON values. Raises InputError."""
    if text.lstrip().startswith("{") and not _SEPARATOR.search(text):
        documents: Iterable[_Document] = _json_stream(text)
    else:
        documents = _documents(text, file)
    return [
        Manifest(value, file, document.number, document.line)
        for document in documents
        if (value := _value(document, file, dialect))
    ]


def _documents(text: str, file: str) -> Iterator[_Document]:
    """What stands between lines of `---`; empty documents and those of comments only are left out."""
    start, number, line = 0, 1, 1
    for found in [*_SEPARATOR.finditer(text), None]:
        end = found.start() if found else len(text)
        part = text[start:end]
        if not _EMPTY.match(part):
            yield _Document(part, number, line)
            number += 1
        line += part.count("\n") + 1
        if found:
            _check_separator(found[1], _place(file, number, line - 1))
            start = found.end()


def _check_separator(rest: str, place: str) -> None:
    if rest.strip() and not rest.lstrip().startswith("#"):
        raise InputError(f"{place}: text after the document separator ---: {rest.strip()[:80]!r}")


def _json_stream(text: str) -> Iterator[_Document]:
    """JSON values one after the other; text that is not JSON is left to the YAML reader, in one document."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        yield from _json_values(text)
    else:
        yield _Document(text, 1, 1)


def _json_values(text: str) -> Iterator[_Document]:
    import json  # late: only for files that hold several JSON values without a separator

    decoder, at, number, line = json.JSONDecoder(), 0, 0, 1
    while found := _SOLID.search(text, at):
        start, number = found.start(), number + 1
        line += text.count("\n", at, start)
        try:
            _, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # what is wrong with it is said when it is read
            at = len(text)
        yield _Document(text[start:at], number, line)
        line += text.count("\n", start, at)


def _value(document: _Document, file: str, dialect: Dialect) -> Object | None:
    value = _load(document, file, dialect)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InputError(
            f"{_place(file, document.number, document.line)}: an object must be a mapping, it is {value!r:.80}"
        )
    return value


def _load(document: _Document, file: str, dialect: Dialect) -> Json:
    text = document.text
    if text.lstrip().startswith("{"):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # YAML's flow style looks like JSON too
        else:
            return dialect.numbers(value) if _ODD_NUMBER.search(text) else value
    try:
        value = dialect.load(text)
        if "*" in text and spread(value, limit := _ALIASED * len(text)) > limit:
            raise InputError(f"{_place(file, document.number, document.line)}: its aliases stand for too much")
        return dialect.numbers(value)
    except yaml.YAMLError as error:
        raise InputError(_yaml_message(error, document, file)) from error
    except RecursionError as error:
        raise InputError(f"{_place(file, document.number, document.line)}: nested too deeply") from error


def _yaml_message(error: yaml.YAMLError, document: _Document, file: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = document.line + (mark.line if mark else 0)
    problem = getattr(error, "problem", None) or str(error)
    return f"{_place(file, document.number, line)}: not YAML: {problem}"


def _place(file: str, document: int, line: int) -> str:
    return f"{file}, document {document}, line {line}"


def _files(path: str) -> Iterator[Path]:
    """A named file must have one of the extensions; in folders others are skipped."""
    named = Path(path)
    if named.is_dir():
        yield from sorted(file for file in named.rglob("*") if file.suffix in EXTENSIONS and not file.is_dir())
        return
    if not named.exists():
        raise InputError(f'path "{path}": no such file or directory')
    if named.suffix not in EXTENSIONS:
        raise InputError(f'path "{path}" must be of extensions: [{" ".join(EXTENSIONS)}]')
    yield named


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f'file: "{file}": cannot be read: {error}') from error


def _read(stdin: TextIO) -> str:
    try:
        return stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{STDIN}: cannot be read: {error}") from error
