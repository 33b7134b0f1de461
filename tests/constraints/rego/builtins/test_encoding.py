"""Encodings with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("base64.encode", ["subjects?_d"], '"c3ViamVjdHM/X2Q="'),
        ("base64.encode", [1], "eval_type_error: operand 1 must be string but got number"),
        ("base64.decode", ["aGVsbG8="], '"hello"'),
        ("base64.decode", ["YQ==\n"], '"a"'),
        ("base64.decode", ["YW\nE="], '"aa"'),
        ("base64.decode", ["aGVsbG8"], "eval_builtin_error: illegal base64 data at input byte 4"),
        ("base64.decode", ["YQ="], "eval_builtin_error: illegal base64 data at input byte 3"),
        ("base64.decode", ["YQ==YQ"], "eval_builtin_error: illegal base64 data at input byte 4"),
        ("base64.decode", ["a==="], "eval_builtin_error: illegal base64 data at input byte 1"),
        ("base64.decode", ["{'x'"], "eval_builtin_error: illegal base64 data at input byte 0"),
        ("base64.decode", ["YR=="], '"a"'),
        ("base64.decode", [""], '""'),
        ("base64.is_valid", ["aGVsbG8="], "true"),
        ("base64.is_valid", ["x"], "false"),
        ("base64.is_valid", [1], "false"),
        ("base64url.encode", ["??>>"], '"Pz8-Pg=="'),
        ("base64url.encode_no_pad", ["hello"], '"aGVsbG8"'),
        ("base64url.decode", ["aGVsbG8"], '"hello"'),
        ("base64url.decode", ["aGVsbG8="], '"hello"'),
        ("base64url.decode", ["deadbeef"], '"u\ufffd\ufffdm\ufffd\ufffd"'),
        ("base64url.decode", ["aGVsb"], "eval_builtin_error: illegal base64url string: aGVsb"),
        ("base64url.decode", ["+/+/"], "eval_builtin_error: illegal base64 data at input byte 0"),
        ("hex.encode", ["é"], '"c3a9"'),
        ("hex.decode", ["6c6F"], '"lo"'),
        ("hex.decode", ["fgh"], "eval_builtin_error: encoding/hex: invalid byte: U+0067 'g'"),
        ("hex.decode", ["abc"], "eval_builtin_error: encoding/hex: odd length hex string"),
        ("urlquery.encode", ["a b&c=d~é/"], '"a+b%26c%3Dd~%C3%A9%2F"'),
        ("urlquery.decode", ["a+b%26"], '"a b&"'),
        ("urlquery.decode", ["%zz"], 'eval_builtin_error: invalid URL escape "%zz"'),
        ("urlquery.decode", ["%4"], 'eval_builtin_error: invalid URL escape "%4"'),
        ("urlquery.encode_object", [{"b": ["x", "y z"], "a": S("1", "2")}], '"a=1&a=2&b=x&b=y+z"'),
        ("urlquery.decode_object", ["a=1&a=2&b&&=x"], '{"": ["x"], "a": ["1", "2"], "b": [""]}'),
        pytest.param(
            "urlquery.decode_object", ["a&" * 9_999], '{"a": [' + '"", ' * 9_998 + '""]}', id="as many as Go reads"
        ),
        pytest.param(
            "urlquery.decode_object",
            ["a&" * 10_000],
            "eval_builtin_error: number of URL query parameters exceeded limit",
            id="more than Go reads",
        ),
        ("urlquery.decode_object", ["a;b"], "eval_builtin_error: invalid semicolon separator in query"),
        (
            "uri.parse",
            ["https://user:pw@Host:8080/p%20q/%2F?x=1#e%20f"],
            '{"fragment": "e f", "hostname": "Host", "path": "/p q//", "port": "8080", "raw_path": "/p%20q/%2F", "raw_query": "x=1", "scheme": "https"}',
        ),
        (
            "uri.parse",
            ["http://[::1]:80/"],
            '{"hostname": "::1", "path": "/", "port": "80", "raw_path": "/", "scheme": "http"}',
        ),
        ("uri.parse", ["mailto:x@y.z"], '{"scheme": "mailto"}'),
        ("uri.parse", ["a/b"], '{"path": "a/b", "raw_path": "a/b"}'),
        ("uri.parse", ["//host/p"], '{"hostname": "host", "path": "/p", "raw_path": "/p"}'),
        (
            "uri.parse",
            ["http://h:port/"],
            'eval_builtin_error: parse "http://h:port/": invalid port ":port" after host',
        ),
        (
            "uri.parse",
            ["http://h:80:90/"],
            'eval_builtin_error: parse "http://h:80:90/": invalid port ":80:90" after host',
        ),
        ("uri.parse", [":x"], 'eval_builtin_error: parse ":x": missing protocol scheme'),
        ("uri.parse", ["1a:b"], 'eval_builtin_error: parse "1a:b": first path segment in URL cannot contain colon'),
        ("uri.parse", ["http://a b/"], 'eval_builtin_error: parse "http://a b/": invalid character " " in host name'),
        ("uri.parse", ["http://h/%zz"], 'eval_builtin_error: parse "http://h/%zz": invalid URL escape "%zz"'),
        (
            "uri.parse",
            ["http://[a]b]/"],
            'eval_builtin_error: parse "http://[a]b]/": invalid host: ParseAddr("a]b"): unable to parse IP',
        ),
        ("uri.parse", ["http://[::1"], "eval_builtin_error: parse \"http://[::1\": missing ']' in host"),
        ("uri.parse", ["http://%41/"], 'eval_builtin_error: parse "http://%41/": invalid URL escape "%41"'),
        ("uri.is_valid", ["http://h/"], "true"),
        ("uri.is_valid", [""], "false"),
        ("uri.is_valid", ["http://h/%zz"], "false"),
        ("uri.is_valid", [1], "false"),
    ],
)
def test_encodings_are_go_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
