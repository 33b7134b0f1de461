"""Random small texts for readers of YAML and JSON: most hold a thing that two readers could take differently."""

from __future__ import annotations

from random import Random

_LONG = ("9" * 25, "9" * 400, "9" * 5000, "-" + "9" * 400)
_NUMBERS = (
    "-0 -0.0 0 +0 1_000 0x1F 0X_1f 0o17 0O17 0b101 0B1 -0b11 0b-11 0b+1 017 089 0_7 -017 1e3 1E400 1234e567 +5 .5 .5_5"
    " 5. . .. - -- + .inf -.inf +.INF .nan .NaN .nAN inf NaN 0x 0o 0b 0o8 0xg 1_ _1 1__0 1e 1e+ 1.e3 1.5e-3 1.5E+3"
    " 0.1e-400 00 01 0.0 +.5 -.5 -.5e400 1.1 16777217.0 1234567.0 1e20 1e21 1e-7 0.0001 3.4e38 3.5e38 -1.5"
    " 9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775808"
    " -9223372036854775809 +18446744073709551615 12:30:45 1:2 2001-01-01 2001-1-1 2001-13-45"
)
_WORDS = "yes No y N on OFF oN true TRUE tRue ~ null Null NULL nULL << = a:b :: :a -a ?a a#c @a `a %a é 😀"
_TAGGED = (
    *(
        "!!str 5",
        "!!int '5'",
        "!!int 5.5",
        "!!int abc",
        "!!int ''",
        "!!float 5",
        "!!float abc",
        "!!bool yes",
        "!!bool 1",
    ),
    *("!!float 18446744073709551615", "!!null ''", "!!null x", "!!null ~", "!!binary aGVsbG8=", "!!binary aGVsb"),
    *("!!binary //79", "!!binary 4oIo", "!!timestamp 2001-01-01", "!!timestamp x", "!!timestamp 2001-13-01"),
    *("!!timestamp 5", "!!set {a, b}", "!!omap [a: 1]", "!!map {a: 1}", "!!seq [1]", "!!python/name:os.x ''"),
    *(
        "!foo bar",
        "!foo {a: 1}",
        "!foo [1]",
        "! 5",
        "!!merge <<",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43",
    ),
)
_TEXTS = (
    *("", "'yes'", '"5"', "'<<'", '"a\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"\\x7f"', '"\\/"', '"\\e"', '"\\_"'),
    *('"\\U0001F600"', '"\\U00110000"', '"\\q"', "'it''s'", "a #c", "#c", "a\tb", "a\t", "\ta", "\u2028a", "\x85"),
    *("\ufffe", "\x7f", "\x00", "a\x01"),
)
_NODES = (
    *("[1, 2]", "{a: 1}", "[]", "{}", "{a: , b}", "[a, ]", "[a: 1]", "[, a]", "{a: b: c}", "a: b", "- a", "? a", "a: "),
    *("&x a", "*x", "&x [*x]", "|\n  a\n  b\n", ">\n  a\n  b\n", "|2\n   a\n", "|+\n  a\n\n", "|-\n  a\n", "|9\n  a\n"),
)
SCALARS = (*_LONG, *_NUMBERS.split(), *_WORDS.split(), *_TAGGED, *_TEXTS, *_NODES)
_SHAPES = (
    *("a: VALUE\n",) * 6,
    *("KEY: VALUE\n",) * 4,
    *("m: {KEY: VALUE}\n", "m:\n  KEY: VALUE\n  b: VALUE\n", "l:\n- VALUE\n- VALUE\n", "l: [VALUE, VALUE]\n"),
    *(
        "? KEY\n: VALUE\n",
        "a: &x {a: 1, b: 2}\nb: {c: 3, a: 5, <<: *x, b: VALUE}\n",
        "a: &x VALUE\nb: *x\nc: [*x, *x]\n",
    ),
    *("b:\n  <<: VALUE\n  a: 1\n", "a: &x 1\nb: &x VALUE\nc: *x\n"),
)

_JSON = (
    *(
        b'{"a":1}',
        b'{"a": -0}',
        b'{"a":-0.0}',
        b'{"a": 1e400}',
        b'{"a": 123456789012345678901234567890}',
        b"{}",
        b"null",
    ),
    *(
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"x\\ud800y"}',
        b'{"\\udc00":1}',
        b'{"a":"\xff\xfe"}',
        b'{"a":"\xe2\x82"}',
        b"[1]",
    ),
    *(b'{"a":"\x7f"}', b'{"a":"\xef\xbf\xbe"}', b'{"a":"\xc2\x80"}', b'{"a":"\\u0000"}', b'{"a":"\\/"}', b"5", b'"x"'),
    *(b'{"a":1,"a":2}', b'{"a":{"b":1},"a":{"c":2}}', b'{"a":1.0,"b":2.50}', b'{"a":9007199254740993}', b"true"),
    *(b'{"a":[1,2,{"b":null}]}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":NaN}', b'{"a":Infinity}'),
    *(
        b"{'a':1}",
        b"{a: b}",
        b'{"a":1,}',
        b'{"a":1 //c\n}',
        b'{"a":\t1}',
        b'{\n\t"a": 1\n}',
        b'{\n"a": 1\n}',
        b'{"a"\n: 1}',
    ),
    *(b'{"' + b"k" * 1030 + b'":1}', b'{"a":"' + b"v" * 1100 + b'"}', b'{"a":yes}', b'{"a": "b" "c"}', b'{"a":"b\tc"}'),
    *(
        b'{"a":"b\nc"}',
        b"{",
        b"}",
        b'{"a"',
        b'{"a":"\xe2\x80\xa8"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":1E5}',
        b'{"a":"*"}',
    ),
)
_YAML = (
    *(
        b"a: 1",
        b"a: b",
        b"- a",
        b"word",
        b"5",
        b"",
        b"# c",
        b"  # c",
        b" ",
        b"\t",
        b"a: |\n  x\n  ---\n  y",
        b"null",
        b"~",
    ),
    *(
        b'a: "b\n\n  c"',
        b"a: 1\n...\nb: 2",
        b"a: 1\n...",
        b"...",
        b"%YAML 1.1\n---\na: 1",
        b"a: \xff",
        b'a: "\xc3\x28"',
    ),
    *(
        b"a: \x00",
        b"--- a: 1",
        b"----",
        b"---x",
        b"--- # c",
        b"---\t",
        b"---  ",
        b" ---",
        b"a: 1\r",
        b"a: 1\rb: 2",
        b"[",
    ),
    *(
        b"a: b\xc2\x85c: d",
        b"a: b\xe2\x80\xa8c: d",
        b'"a": 1',
        b"? a\n: b",
        b"a:\n\tb: 1",
        b"a:\n  b: 1\n c: 2",
        b"a:b",
    ),
    *(b"{a: 1}\nb: 2", b"a: {b: 1", b"a: >-\n  b\n\n  c\n", b"a: !<tag:yaml.org,2002:int> 5", b"a: |\n\tx", b"a: - b"),
    *(b"a:\n- b\n- c", b"a: [b\n,c]", b'a: "x\\\n  y"', b"\x0ca: 1", b"\xc2\xa0a: 1", b"a\n:\n b"),
)
_BETWEEN = (
    *(b"\n---\n", b"\n---\n", b"\n--- \n", b"\n---\r\n", b"\n--- # c\n", b"\n", b"", b" ", b"\n\n", b"\r\n"),
    *(b"\n---\n---\n", b"\n--- {a: 1}\n", b"\n  ", b"\n---"),
)
_BEFORE = (*(b"",) * 4, b"---\n", b"\n", b"\r\n", b" ", b"\xc2\xa0", b"# c\n", b"\n---\n", b"\t", b"\xe3\x80\x80")


def document(chance: Random) -> bytes:
    """One YAML document."""
    text = chance.choice(_SHAPES)
    while "VALUE" in text:
        text = text.replace("VALUE", chance.choice(SCALARS), 1)
    key = chance.choice((*SCALARS, "a", "b"))
    return text.replace("KEY", key).encode("utf-8", "surrogatepass")


def stream(chance: Random) -> bytes:
    """Some documents of JSON or YAML, well separated or not."""
    pool = chance.choice((_JSON, _YAML, _JSON + _YAML))
    text = chance.choice(_BEFORE)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        text += chance.choice(pool) + chance.choice(_BETWEEN)
    return text
