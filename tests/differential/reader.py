"""gator's reader of files, and ours, asked for the same texts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.sources.documents import documents
from audit.sources.goyaml import KUBERNETES

_FIRST = re.compile(": | '| \\(document")

Reading = dict[str, Any]
"""`objects`, or `error` in Go's words."""


def theirs(program: Path, texts: Sequence[bytes]) -> list[Reading]:
    """What gator makes of each text; every number is a float."""
    asked = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    answers = subprocess.run([program], input=asked, capture_output=True, check=True, timeout=600).stdout
    return [json.loads(row, parse_int=float) for row in answers.splitlines()]


def ours(text: bytes) -> Reading:
    """What we make of it; integers stay integers."""
    try:
        return {"objects": [found.value for found in documents(text, KUBERNETES)]}
    except InputError as error:
        return {"error": f"reading yaml source: {error}"}


def alike(one: Any, other: Any) -> bool:
    """Whether two readings are the same: -0 is not 0, and of errors the first words count, before a place or a
    quote.
    """
    return _exact(one) == _exact(other)


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _FIRST.split(item)[:2] if key == "error" else _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return repr(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
