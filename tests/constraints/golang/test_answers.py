"""Each function answers as Go's own library does.

Recorded answers in the default suite; many random texts in the slow one, which builds the program that asks Go.
`python tests/constraints/golang/test_answers.py FILE` records anew.
"""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from peers.build import NoGo, peer

from constraints.golang import GoError, durations, floats, integers, letters, netip, timeparse, urls
from constraints.golang.jsontext import json_string
from constraints.golang.layouts import format_time
from constraints.golang.quoting import quoted
from constraints.golang.times import civil_time

RECORDED = Path(__file__).parent / "answers.jsonl"
FEW, MANY = 40, 20_000
SEED = 9
Row = tuple[str, str]
ZERO = "\x00"


def parts(text: str) -> Any:
    url = urls.parse_url(text)
    fields = {name: getattr(url, name) for name in url.__slots__} | {"user": list(url.user)}
    shown = {name: getattr(url, name)() for name in ("hostname", "port", "escaped_path", "escaped_fragment")}
    return fields | shown | {"text": str(url)}


def query(text: str) -> Any:
    found: dict[str, list[str]] = {}
    for key, value in urls.query_of(text):
        found.setdefault(key, []).append(value)
    return found


def rfc3339(text: str) -> Any:
    found = timeparse.parse_rfc3339(text)
    if found is None:
        return {"error": ""}
    return [str(found[0] // durations.SECOND), found[0] % durations.SECOND, found[1]]


def parsed(text: str) -> Any:
    nanoseconds = timeparse.parse_time(*text.split("|", 1))
    return [str(nanoseconds // durations.SECOND), nanoseconds % durations.SECOND]


def formatted(text: str) -> str:
    layout, nanoseconds = text.split("|", 1)
    return format_time(civil_time(int(nanoseconds), 0, "UTC"), layout)


def address(text: str) -> Any:
    return {"error": f"ParseAddr({quoted(text)}): {netip.complaint(text)}"}


FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "quoted": quoted,
    "json_string": json_string,
    "lower_case": letters.lower_case,
    "upper_case": letters.upper_case,
    "general": lambda text: floats.general(float(text)),
    "general32": lambda text: floats.general32(float(text)),
    "plain": lambda text: floats.plain(float(text)),
    "json_number": lambda text: floats.json_number(float(text)),
    "atoi": lambda text: str(integers.atoi(text)),
    "durations.parse": lambda text: str(durations.parse(text)),
    "durations.written": lambda text: durations.written(int(text)),
    "parse_url": parts,
    "check_request_uri": urls.check_request_uri,
    "query_of": query,
    "unescape": urls.unescape,
    "complaint": address,
    "parse_rfc3339": rfc3339,
    "parse_time": parsed,
    "format_time": formatted,
}


def ours(function: str, text: str) -> Any:
    try:
        return FUNCTIONS[function](text)
    except GoError as error:
        return {"error": str(error)}


def alike(row: Row, one: Any, other: Any) -> bool:
    """Whether two answers are the same: an address that Go reads has no complaint, and a time none but that it is
    none.
    """
    if row[0] == "complaint":
        return other is None or one == other
    if row[0] == "parse_rfc3339":
        # Go also takes an hour of one digit, and a place that a time zone of more than a day has: the reader of layouts
        return one == other or one == {"error": ""}
    return bool(one == other)


# texts

LETTERS = 'aZ09 "\\\n\x07\x7f\xa0\xad\u200b\u2028é世😀İßς<>&~'
URL_PARTS = [
    "http",
    "https",
    "s",
    ":",
    "//",
    "/",
    "///",
    "u",
    "@",
    ":80",
    ":",
    "[",
    "]",
    "[::1]",
    "[fe80::1%25e]",
    "?",
    "#",
]
URL_PARTS += [
    "a.b",
    "é",
    "%41",
    "%c3%a9",
    "%zz",
    "%",
    "%25",
    "+",
    "=",
    "&",
    ";",
    " ",
    "*",
    "!",
    "<",
    "\x7f",
    "1.2.3.4",
    "x y",
]
ADDRESS_PARTS = ["1", "255", "256", "01", ".", ":", "::", "ffff", "fffff", "%", "eth0", "g", "0", " "]
INTEGER_PARTS = ["-", "+", "0", "7", "922337203685477580", "9223372036854775808", "_", " ", "é", "\u0667"]
UNIT_PARTS = [
    "1",
    "0",
    "9" * 19,
    "2562047",
    ".5",
    "1.",
    ".",
    "h",
    "m",
    "s",
    "ms",
    "us",
    "µs",
    "μs",
    "ns",
    "d",
    "é",
    "-",
    "+",
    '"',
]
LAYOUTS = [
    "2006-01-02T15:04:05Z07:00",
    "Mon Jan _2 15:04:05 2006",
    "02 Jan 06 15:04 -0700",
    "2006-002 3:04PM",
    "15:04:05.000",
]
LAYOUTS += ["Monday, 02-Jan-06 15:04:05 MST", "__2 pm .999999999 1/2/06", "2006-01-02T15:04:05,999Z0700"]


def joined(chance: Random, pieces: Sequence[str], most: int = 8) -> str:
    return "".join(chance.choice(pieces) for _ in range(chance.randrange(most)))


def number(chance: Random) -> str:
    kind = chance.randrange(4)
    if kind == 0:
        found = struct.unpack("d", chance.randbytes(8))[0]
        return repr(found) if math.isfinite(found) else "0.1"
    if kind == 1:
        return repr(float(chance.randrange(-(10**7), 10**7)) / 10 ** chance.randrange(4))
    if kind == 2:
        return repr(float(f"{chance.randrange(1, 100)}e{chance.randrange(-30, 30)}"))
    return chance.choice(
        ["0.0", "-0.0", "1e21", "1e20", "1e-6", "1e-7", "5e-324", "1.7976931348623157e308", "999999.5"]
    )


def moment(chance: Random) -> str:
    nanoseconds = chance.randrange(-(2**62), 2**62) // 10 ** chance.choice([0, 6, 9]) * 10 ** chance.choice([0, 3])
    text = format_time(civil_time(nanoseconds, chance.choice([0, 0, 3600, -16200])), chance.choice(LAYOUTS[:1]))
    at = chance.randrange(len(text))
    return chance.choice([text, text[:at] + chance.choice("0159Z:.,-") + text[at + 1 :], text.replace("Z", ".5Z")])


def layout_and_time(chance: Random) -> str:
    layout = chance.choice(LAYOUTS)
    text = format_time(civil_time(chance.randrange(-(2**60), 2**61), 0, "UTC"), layout)
    at = chance.randrange(len(text))
    return f"{layout}|{chance.choice([text, text[:at], text[:at] + chance.choice('019 :-aP') + text[at + 1 :], text + '!'])}"


TEXTS: dict[str, Callable[[Random], str]] = {
    **dict.fromkeys(["quoted", "json_string", "lower_case", "upper_case"], lambda chance: joined(chance, LETTERS)),
    **dict.fromkeys(["general", "general32", "plain", "json_number"], number),
    "atoi": lambda chance: joined(chance, INTEGER_PARTS, 5),
    "durations.parse": lambda chance: joined(chance, UNIT_PARTS),
    "durations.written": lambda chance: str(chance.randrange(-(2**62), 2**62) // 10 ** chance.randrange(19)),
    **dict.fromkeys(["parse_url", "check_request_uri"], lambda chance: joined(chance, URL_PARTS, 10)),
    **dict.fromkeys(["query_of", "unescape"], lambda chance: joined(chance, URL_PARTS[-14:])),
    "complaint": lambda chance: joined(chance, ADDRESS_PARTS, 10),
    "parse_rfc3339": moment,
    "parse_time": layout_and_time,
    "format_time": lambda chance: f"{chance.choice(LAYOUTS)}|{chance.randrange(-(2**62), 2**62)}",
}


def rows_of(count: int, seed: int) -> list[Row]:
    chance = Random(seed)
    return list(dict.fromkeys((name, text(chance)) for name, text in TEXTS.items() for _ in range(count)))


def test_there_are_texts_for_each_function() -> None:
    assert TEXTS.keys() == FUNCTIONS.keys()


def test_each_function_answers_as_go_answered() -> None:
    rows = [json.loads(row) for row in RECORDED.read_text(encoding="ascii").splitlines()]
    found = [(row, ours(*row), answer) for row, answer in rows]
    assert [one for one in found if not alike(*one)] == []


@pytest.mark.slow
def test_each_function_answers_many_random_texts_as_go_does() -> None:
    try:
        program = peer("golang")
    except NoGo as error:
        pytest.skip(str(error))
    rows = rows_of(MANY, SEED + 1)
    found = [(row, ours(*row), answer) for row, answer in zip(rows, theirs(program, rows), strict=True)]
    assert [one for one in found if not alike(*one)][:20] == []


def theirs(program: Path, rows: Sequence[Row]) -> list[Any]:
    asked = "\n".join(map(json.dumps, rows))
    answers = subprocess.run([program], input=asked.encode(), capture_output=True, check=True, timeout=600).stdout
    return [json.loads(row) for row in answers.splitlines()]


def record(file: Path) -> None:
    rows = rows_of(FEW, SEED)
    lines = map(json.dumps, zip(rows, theirs(peer("golang"), rows), strict=True))
    file.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
