"""Expressions whose answers are recorded from Kubernetes' own library: what they should give, and what they give here.

Values are written as cel-go writes them. An error without a text is one whose words differ. The first line of a file is
the object that its expressions are about.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from expressions import evaluate

from constraints.cel import Failure, Invalid
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.maps import entries
from constraints.cel.values import Duration, Optional, Timestamp, TypeValue, Uint
from constraints.golang.quoting import quoted


@dataclass(frozen=True)
class Recorded:
    """The rows of one file: what each expression gives, by its text."""

    object: Any
    rows: Mapping[str, Mapping[str, str | None]]

    @classmethod
    def read(cls, path: Path) -> Recorded:
        """The file at `path`."""
        first, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return cls(first["object"], {row.pop("expr"): row for row in rows})

    def differ(self) -> dict[str, Any]:
        """The expressions that give something else here: what was recorded, and what they give."""
        answers = {text: found(text, self.object) for text in self.rows}
        wanted = {text: filled(row, answers[text]) for text, row in self.rows.items()}
        return {text: (wanted[text], answer) for text, answer in answers.items() if answer != wanted[text]}


def shown(value: Any) -> str:
    """A value as cel-go's types.Format has it, the entries of maps in order."""
    if isinstance(value, Uint):
        return f"{int(value)}u"
    if isinstance(value, float):
        return shown_double(value)
    if isinstance(value, bytes):
        return 'b"' + "".join(f"\\{byte:03o}" for byte in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{shown(key)}: {shown(item)}' for key, item in entries(value)))}}}"
    if isinstance(value, Optional):
        return f"optional.of({shown(value.value)})" if value.present else "optional.none()"
    return shown_scalar(value)


def shown_double(value: float) -> str:
    if not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity"
        return f'double("{"-" if value < 0 else ""}{name}")'
    text = f"{Decimal(repr(value)):f}"
    return text if "." in text else f"{text}.0"


def shown_scalar(value: Any) -> str:
    if isinstance(value, Duration):
        return f'duration("{format_duration(value)}")'
    if isinstance(value, Timestamp):
        return f'timestamp("{format_timestamp(value)}")'
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def found(text: str, about: Any) -> dict[str, str]:
    """The value of an expression, or what it fails with, or what its compilation fails with."""
    try:
        return {"value": shown(evaluate(text, object=about))}
    except Failure as failure:
        return {"error": str(failure)}
    except Invalid as invalid:
        return {"compile": invalid.listing(text)}


def filled(wanted: Mapping[str, str | None], answer: dict[str, str]) -> dict[str, str | None]:
    """What is wanted, with the answer's own words where none are recorded."""
    return {name: answer.get(name) if text is None else text for name, text in wanted.items()}
