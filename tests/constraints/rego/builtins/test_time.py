"""Times with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("time.format", [1670006453141828752], '"2022-12-02T18:40:53.141828752Z"'),
        ("time.format", [[1670006453141828752, "Asia/Kolkata"]], '"2022-12-03T00:10:53.141828752+05:30"'),
        ("time.format", [[1670006453141828752, "Asia/Kolkata", "RFC1123Z"]], '"Sat, 03 Dec 2022 00:10:53 +0530"'),
        (
            "time.format",
            [[1670006453141828752, "America/New_York", "Monday _2 Jan 2006 3:04:05.000 PM MST 002 __2 Z07:00"]],
            '"Friday  2 Dec 2022 1:40:53.141 PM EST 336 336 -05:00"',
        ),
        (
            "time.format",
            [[1670006453141828752, "UTC", "January 01 1 02 06 15 03 4 5 pm ,999 .000000 Z0700 Z07 -07:00:00 -070000"]],
            '"December 12 12 02 22 18 06 40 53 pm ,141 .141828 Z Z +00:00:00 +000000"',
        ),
        ("time.format", [[0, "UTC", "Janx Monx _2006 2006"]], '"Janx Monx _1970 1970"'),
        ("time.format", [[-9223372036854775808, "Europe/London", "RFC850"]], '"Tuesday, 21-Sep-77 00:11:28 LMT"'),
        ("time.format", [[0, "America/Sao_Paulo", "UnixDate"]], '"Wed Dec 31 21:00:00 -03 1969"'),
        ("time.format", [1e30], "eval_builtin_error: timestamp too big"),
        ("time.format", [1.5], "eval_builtin_error: timestamp too big"),
        (
            "time.format",
            ["x"],
            "eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got string",
        ),
        (
            "time.format",
            [[]],
            "eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got array",
        ),
        ("time.format", [[0, 1]], "eval_type_error: operand 1 must be string but got number"),
        ("time.format", [["x"]], "eval_type_error: operand 1 must be number but got string"),
        ("time.format", [[0, "No/Where"]], "eval_builtin_error: unknown time zone No/Where"),
        ("time.date", [1517814000000000000], "[2018, 2, 5]"),
        ("time.date", [[1517814000000000000, "America/Los_Angeles"]], "[2018, 2, 4]"),
        ("time.clock", [[1517832000000000000, "America/New_York"]], "[7, 0, 0]"),
        ("time.clock", [0], "[0, 0, 0]"),
        ("time.weekday", [1517832000000000000], '"Monday"'),
        ("time.weekday", [-1], '"Wednesday"'),
        ("time.add_date", [1585852421593912000, 3, 9, 12], "1705257221593912000"),
        ("time.add_date", [1585852421593912000, -1, -1, -1], "1551465221593912000"),
        ("time.add_date", [1583020800000000000, 0, 0, -1], "1582934400000000000"),
        ("time.add_date", [0, 0, 13, 0], "34214400000000000"),
        ("time.add_date", [0, 2262, 1, 1], "eval_builtin_error: time outside of valid range"),
        ("time.add_date", [0, 100000, 0, 0], "eval_builtin_error: time outside of valid range"),
        ("time.add_date", [0, 1 << 62, 0, 1], "110592000000000"),  # beyond 64 bits it comes round
        ("time.add_date", [7, 5, -3, 1 << 61], "149817600000000007"),
        ("time.add_date", [[0, "Asia/Kolkata"], 0, 0, -(1 << 62)], "0"),
        ("time.add_date", [0, "x", 0, 0], "eval_type_error: operand 2 must be number but got string"),
        (
            "time.add_date",
            [0, 1.5, 0, 0],
            "eval_type_error: operand 2 must be integer number but got floating-point number",
        ),
        ("time.diff", [1585852421593912000, 1670006453141828752], "[2, 8, 0, 0, 7, 12]"),
        ("time.diff", [[0, "America/New_York"], [1583107200000000000, "Asia/Kolkata"]], "[50, 2, 1, 0, 0, 0]"),
        ("time.diff", [1583107200000000000, 951782400000000000], "[20, 0, 2, 0, 0, 0]"),
        ("time.parse_ns", ["RFC3339", "2017-06-02T19:00:00-07:00"], "1496455200000000000"),
        ("time.parse_ns", ["2006-01-02T15:04:05Z07:00", "1677-09-21T00:12:43.145224192-00:00"], "-9223372036854775808"),
        (
            "time.parse_ns",
            ["RFC3339", "2262-04-11T23:47:16.854775808Z"],
            "eval_builtin_error: time outside of valid range",
        ),
        ("time.parse_ns", ["01/02 03:04:05PM '06 -0700", "06/02 07:00:00PM '17 -0700"], "1496455200000000000"),
        ("time.parse_ns", ["RFC822Z", "02 Jun 17 19:00 -0700"], "1496455200000000000"),
        ("time.parse_ns", ["RFC1123", "Mon, 02 Jan 2006 15:04:05 PDT"], "1136214245000000000"),
        (
            "time.parse_ns",
            ["RFC1123", "Mon, 02 Jan 2006 15:04:05 pdt"],
            'eval_builtin_error: parsing time "Mon, 02 Jan 2006 15:04:05 pdt" as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse "pdt" as "MST"',
        ),
        ("time.parse_ns", ["ANSIC", "mon jan  2 15:04:05 2006"], "1136214245000000000"),
        (
            "time.parse_ns",
            ["2006-01-02", "2006-02-30"],
            'eval_builtin_error: parsing time "2006-02-30": day out of range',
        ),
        (
            "time.parse_ns",
            ["2006-01-02", "2006-13-30"],
            'eval_builtin_error: parsing time "2006-13-30": month out of range',
        ),
        (
            "time.parse_ns",
            ["2006-01-02", "foo"],
            'eval_builtin_error: parsing time "foo" as "2006-01-02": cannot parse "foo" as "2006"',
        ),
        (
            "time.parse_ns",
            ["2006-01-02", "2006-01-02x"],
            'eval_builtin_error: parsing time "2006-01-02x": extra text: "x"',
        ),
        (
            "time.parse_ns",
            ["2006-01-02", "2006/01"],
            'eval_builtin_error: parsing time "2006/01" as "2006-01-02": cannot parse "/01" as "-"',
        ),
        ("time.parse_ns", ["15:04", "25:00"], 'eval_builtin_error: parsing time "25:00": hour out of range'),
        ("time.parse_ns", ["15:04", "15:60"], 'eval_builtin_error: parsing time "15:60": minute out of range'),
        ("time.parse_ns", ["3:04PM", "12:30AM"], "eval_builtin_error: time outside of valid range"),
        ("time.parse_ns", ["2006 002", "2008 366"], "1230681600000000000"),
        (
            "time.parse_ns",
            ["2006 002", "2006 366"],
            'eval_builtin_error: parsing time "2006 366": day-of-year out of range',
        ),
        (
            "time.parse_ns",
            ["2006 002 Jan", "2006 032 Jan"],
            'eval_builtin_error: parsing time "2006 032 Jan": day-of-year does not match month',
        ),
        (
            "time.parse_ns",
            ["05.000", "01.23"],
            'eval_builtin_error: parsing time "01.23" as "05.000": cannot parse ".23" as ".000"',
        ),
        ("time.parse_ns", ["06", "69"], "-31536000000000000"),
        (
            "time.parse_ns",
            ["Z07:00", "+25:00"],
            'eval_builtin_error: parsing time "+25:00": time zone offset hour out of range',
        ),
        ("time.parse_ns", ["2006", "0000"], "eval_builtin_error: time outside of valid range"),
        ("time.parse_ns", ["a b", "a   b"], "eval_builtin_error: time outside of valid range"),
        (
            "time.parse_ns",
            ["é", "x"],
            'eval_builtin_error: parsing time "x" as "\\xc3\\xa9": cannot parse "x" as "\\xc3\\xa9"',
        ),
        ("time.parse_rfc3339_ns", ["2017-06-02T19:00:00.123456789Z"], "1496430000123456789"),
        (
            "time.parse_rfc3339_ns",
            ["2017-06-02"],
            'eval_builtin_error: parsing time "2017-06-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"',
        ),
        ("time.parse_rfc3339_ns", [1], "eval_type_error: operand 1 must be string but got number"),
        ("time.parse_duration_ns", ["100ms"], "100000000"),
        ("time.parse_duration_ns", ["1h30m"], "5400000000000"),
        ("time.parse_duration_ns", ["-1.5h"], "-5400000000000"),
        ("time.parse_duration_ns", ["1d2h"], "93600000000000"),
        ("time.parse_duration_ns", ["1.5w"], "907200000000000"),
        ("time.parse_duration_ns", ["1y"], "31536000000000000"),
        ("time.parse_duration_ns", ["0"], "0"),
        ("time.parse_duration_ns", ["+5s"], "5000000000"),
        ("time.parse_duration_ns", [".5s"], "500000000"),
        ("time.parse_duration_ns", ["1µs"], "1000"),
        ("time.parse_duration_ns", [""], 'eval_builtin_error: time: invalid duration ""'),
        ("time.parse_duration_ns", ["3"], 'eval_builtin_error: time: missing unit in duration "3"'),
        ("time.parse_duration_ns", ["x"], 'eval_builtin_error: time: invalid duration "x"'),
        ("time.parse_duration_ns", ["1d 2h"], 'eval_builtin_error: time: invalid duration "1d 2h"'),
        ("time.parse_duration_ns", ["1q"], 'eval_builtin_error: time: unknown unit "q" in duration "1q"'),
        (
            "time.parse_duration_ns",
            ["1é"],
            'eval_builtin_error: time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"',
        ),
        (
            "time.parse_duration_ns",
            ["9223372036854775808ns"],
            'eval_builtin_error: time: invalid duration "9223372036854775808ns"',
        ),
        ("time.parse_duration_ns", ["-9223372036854775808ns"], "-9223372036854775808"),
        ("time.parse_duration_ns", ["300y"], 'eval_builtin_error: time: invalid duration "300y"'),
    ],
)
def test_times_are_go_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
