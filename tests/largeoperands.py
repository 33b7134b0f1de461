"""Large arguments for every builtin, made from the types that it declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from constraints.rego.builtins import BUILTINS
from constraints.rego.values.kinds import RegoSet, Value

OUTSIDE: Final = frozenset(name for name in BUILTINS if BUILTINS[name].contextual)
"""Those that ask the world outside, which has bounds of its own."""

SPECIAL: Final[Mapping[str, Callable[[int], list[Value]]]] = {
    "base64.decode": lambda size: ["YWFh" * (size // 4)],
    "base64.is_valid": lambda size: ["YWFh" * (size // 4)],
    "base64url.decode": lambda size: ["YWFh" * (size // 4)],
    "hex.decode": lambda size: ["61" * (size // 2)],
    "glob.match": lambda size: ["{a,b}*" * min(size // 6, 500), ["."], "a" * size],
    "json.is_valid": lambda size: [f"[{'1,' * (size // 2)}1]"],
    "json.unmarshal": lambda size: [f"[{'1,' * (size // 2)}1]"],
    "json.patch": lambda size: [
        list(range(size)),
        [{"op": "add", "path": f"/{at}", "value": 1} for at in range(size // 50)],
    ],
    "net.cidr_contains_matches": lambda size: [["10.0.0.0/8"] * size, ["10.1.0.0/16"] * size],
    "net.cidr_merge": lambda size: [[f"10.{at >> 8 & 255}.{at & 255}.0/24" for at in range(size)]],
    "net.cidr_expand": lambda size: ["10.0.0.0/9"],
    "numbers.range": lambda size: [1, size],
    "numbers.range_step": lambda size: [1, size, 1],
    "providers.aws.sign_req": lambda size: [
        {"method": "GET", "url": "http://h/", "headers": {f"h{at}": "v" for at in range(size)}, "raw_body": "a" * size},
        dict.fromkeys(("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service"), "a"),
        1,
    ],
    "regex.find_all_string_submatch_n": lambda size: ["(a)(a)?", "a" * size, -1],
    "regex.find_n": lambda size: ["a", "a" * size, -1],
    "regex.globs_match": lambda size: ["a*b" * (size // 100), "b*a" * (size // 100)],
    "regex.is_valid": lambda size: ["(a|b)" * (size // 5)],
    "regex.match": lambda size: ["(a|aa)+$|x", "a" * size + "b"],
    "re_match": lambda size: ["(a|aa)+$|y", "a" * size + "b"],
    "regex.replace": lambda size: ["a" * size, "(a)", "$1$1$1"],
    "regex.split": lambda size: ["a", "ab" * (size // 2)],
    "regex.template_match": lambda size: ["a{a*}" * (size // 10), "a" * size, "{", "}"],
    "rego.parse_module": lambda size: ["f.rego", "package p\n" + "p := 1\n" * (size // 7)],
    "split": lambda size: ["a," * (size // 2), ","],
    "strings.render_template": lambda size: [
        "{{range .n}}{{range $.n}}{{.}}{{end}}{{end}}",
        {"n": list(range(size // 10))},
    ],
    "strings.replace_n": lambda size: [{f"b{at}": "c" for at in range(size // 100)}, "ab" * (size // 2)],
    "trim": lambda size: ["ab" * (size // 2), "".join(map(chr, range(97, 197)))],
    "yaml.is_valid": lambda size: ["- 1\n" * (size // 4)],
    "yaml.unmarshal": lambda size: ["- 1\n" * (size // 4)],
}


def operands(name: str, size: int) -> list[Value]:
    """Arguments of that many characters or items, as far as the declared types let them be large."""
    special = SPECIAL.get(name)
    return special(size) if special else [_large(kind, size) for kind in BUILTINS[name].types]


def _large(declared: str, size: int) -> Value:
    kind, inner = _parts(declared)
    if kind == "string":
        return "a" * size
    if kind in ("array", "any"):
        return [_small(inner, at) for at in range(size)]
    if kind == "set":
        return RegoSet.of(_small(inner, at) for at in range(size))
    if kind == "object":
        return {f"k{at}": _small(inner.partition(":")[2] or inner, at) for at in range(size)}
    return _small(kind, size)


def _small(declared: str, at: int) -> Value:
    kind, _ = _parts(declared)
    made: dict[str, Any] = {
        "string": f"s{at}",
        "boolean": True,
        "null": None,
        "array": [at],
        "set": RegoSet.of([at]),
        "object": {f"k{at}": at},
    }
    return made.get(kind, at)


def _parts(declared: str) -> tuple[str, str]:
    """The first alternative of a type: its name, and what is in it."""
    found = re.match(r"(\w+)(?:\[(.*?)\])?", declared)
    return (found[1], (found[2] or "any").split("|")[0]) if found else ("any", "any")
