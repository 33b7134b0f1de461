"""What expressions at the edges of types give in Kubernetes 1.36, recorded from its own library: edges.jsonl.

Values are written as cel-go writes them. An error without a text is one whose words differ.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

from expressions import evaluate

from constraints.cel import Failure, Invalid
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.maps import entries
from constraints.cel.values import Duration, Optional, Timestamp, TypeValue, Uint

FIRST, *ROWS = map(json.loads, (Path(__file__).parent / "edges.jsonl").read_text(encoding="utf-8").splitlines())
WANTED = {row.pop("expr"): row for row in ROWS}


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
    return json.dumps(value, ensure_ascii=False) if value is None or isinstance(value, bool | str) else str(value)


def found(text: str) -> dict[str, str]:
    """The value of an expression, or what it fails with, or what its compilation fails with."""
    try:
        return {"value": shown(evaluate(text, object=FIRST["object"]))}
    except Failure as failure:
        return {"error": str(failure)}
    except Invalid as invalid:
        return {"compile": invalid.listing(text)}


def test_expressions_give_what_they_give_in_kubernetes() -> None:
    answers = {text: found(text) for text in WANTED}
    assert answers == {text: filled(wanted, answers[text]) for text, wanted in WANTED.items()}


def filled(wanted: dict[str, str | None], answer: dict[str, str]) -> dict[str, str | None]:
    """What is wanted, with the answer's own words where none are recorded."""
    return {name: answer.get(name) if text is None else text for name, text in wanted.items()}
