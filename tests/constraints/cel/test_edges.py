"""What expressions at the edges of types give in Kubernetes 1.36, recorded from its own library: edges.jsonl.

Values are written as cel-go writes them. An error without a text is one whose words differ.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from expressions import evaluate

from constraints.cel import Failure, Invalid
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.maps import entries
from constraints.cel.values import Duration, Optional, Timestamp, TypeValue, Uint

FIRST, *ROWS = map(json.loads, (Path(__file__).parent / "edges.jsonl").read_text(encoding="utf-8").splitlines())


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


@pytest.mark.parametrize("row", [pytest.param(row, id=row["expr"]) for row in ROWS])
def test_an_expression_gives_what_it_gives_in_kubernetes(row: dict[str, Any]) -> None:
    try:
        found = {"value": shown(evaluate(row["expr"], object=FIRST["object"]))}
    except Failure as failure:
        found = {"error": str(failure)}
    except Invalid as invalid:
        found = {"compile": invalid.listing(row["expr"])}
    wanted = {name: text for name, text in row.items() if name != "expr"}
    assert found.keys() == wanted.keys()
    assert found == wanted or None in wanted.values()
