"""Files of objects: paths and standard input to objects, as `gator test` reads them (compatibility, section 11)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from audit.errors import InputError
from audit.sources.documents import documents
from audit.sources.goyaml import KUBERNETES, Dialect
from constraints import Kind
from constraints.dataclass import value
from constraints.golang.quoting import quoted
from constraints.model import Object

EXTENSIONS: Final = (".yaml", ".yml", ".json")
STDIN: Final = "stdin"

LARGEST_FILE: Final = 256 << 20  # bytes


@value
class Manifest:
    """One object and where it came from: file (or `stdin`), 1-based document and line."""

    object: Object
    file: str
    document: int
    line: int

    def __str__(self) -> str:
        return f"{self.file}, document {self.document}, line {self.line}"


def read(paths: Iterable[str], stdin: BinaryIO | None = None) -> list[Manifest]:
    """The objects of files, folders (in the order of names) and `stdin`. Raises InputError, in gator's words."""
    found: list[Manifest] = []
    try:
        for path in paths:
            found += (manifest for file in _files(path) for manifest in _of_file(file))
    except InputError as error:
        raise InputError(f"reading: reading from filenames: {error}") from error
    return found if stdin is None else found + _of_stdin(stdin)


def read_objects(paths: Iterable[str]) -> list[Object]:
    """The objects of files and folders, without where they came from. Raises InputError."""
    return [manifest.object for manifest in read(paths)]


def piped(stdin: TextIO | None) -> BinaryIO | None:
    """`stdin` unless it is a terminal, or any other character device (/dev/null), or closed."""
    try:
        mode = os.fstat(stdin.fileno()).st_mode if stdin is not None else None
    except (OSError, ValueError):
        return None
    return None if stdin is None or mode is None or (mode & 0o170000) == 0o020000 else stdin.buffer


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
            what = f"Resource named {quoted(name)} (from {manifest.file})"
            yield f"WARNING - {what} is already defined in {seen[key].file}"
        seen[key] = manifest


def parse(data: bytes, file: str, dialect: Dialect = KUBERNETES) -> list[Manifest]:
    """The objects of one text: YAML documents, JSON documents, or a stream of JSON values. Raises InputError."""
    try:
        return [Manifest(found.value, file, found.number, found.line) for found in documents(data, dialect)]
    except InputError as error:
        raise InputError(f"reading yaml source: {error}") from error


def _files(path: str) -> Iterator[str]:
    """A named file must have one of the extensions; in folders others are skipped."""
    named = Path(path)
    if named.is_dir():
        files = sorted(file for file in named.rglob("*") if _extension(file.name) in EXTENSIONS and not file.is_dir())
        yield from map(str, files)
        return
    if not named.exists():
        raise InputError(f"stat on path {quoted(path)}: stat {path}: no such file or directory")
    if _extension(named.name) not in EXTENSIONS:
        raise InputError(f"path {quoted(path)} must be of extensions: [{' '.join(EXTENSIONS)}]")
    yield path


def _extension(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else ""


def _of_file(file: str) -> list[Manifest]:
    try:
        return parse(_content(file), f'file: "{file}"')
    except InputError as error:
        raise InputError(f"reading file {quoted(file)}: {error}") from error
    except OSError as error:
        raise InputError(f"opening file {quoted(file)}: open {file}: {error.strerror}") from error


def _content(file: str) -> bytes:
    """Raises InputError for a file that is too large to be one of objects, OSError."""
    with open(file, "rb") as opened:
        data = opened.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise InputError(f"reading yaml source: the file has more than {LARGEST_FILE >> 20} MiB")
    return data


def _of_stdin(stdin: BinaryIO) -> list[Manifest]:
    try:
        return parse(stdin.read(), STDIN)
    except (OSError, InputError) as error:
        raise InputError(f"reading: reading from stdin: reading: {error}") from error
