"""The words of random Rego modules: names, values, the calls that fit them; and random documents."""

from __future__ import annotations

import json
from random import Random
from typing import Any

PACKAGE = "made"
KEYS = ("a", "b", "c", "d")
WORDS = ("", "a", "b", "ab", "a.b", "B", "x-1", "1", "10", "ü", "a/b/c", "1.2.3", "true", "nginx:1.0")
NUMBERS = ("0", "1", "2", "3", "-1", "10", "1.5", "0.1", "-2.5", "100", "1e3", "12345678901234567890")
WRITTEN = tuple(number for number in NUMBERS if number != "1e3")
"""Numbers of documents; sent as 1000.0 that one equals 1 to OPA 1.17.1 when both are compared as they were read."""
TYPES = ("number", "string", "boolean", "array", "object", "set", "any")
KNOWN = "known"
"""The type of a variable of which the compiler may know more than we do: it fits where anything does."""
CALLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("number", "count", ("array",)),
    ("number", "count", ("object",)),
    ("number", "count", ("set",)),
    ("number", "count", ("string",)),
    ("number", "sum", ("array:number",)),
    ("number", "product", ("array:number",)),
    ("any", "max", ("array",)),
    ("any", "min", ("set",)),
    ("array", "sort", ("array",)),
    ("array", "sort", ("set",)),
    ("number", "abs", ("number",)),
    ("number", "round", ("number",)),
    ("number", "ceil", ("number",)),
    ("number", "floor", ("number",)),
    ("array", "numbers.range", ("small", "small")),
    ("string", "concat", ("string", "array:string")),
    ("boolean", "contains", ("string", "string")),
    ("boolean", "startswith", ("string", "string")),
    ("boolean", "endswith", ("string", "string")),
    ("array", "split", ("string", "string")),
    ("string", "upper", ("string",)),
    ("string", "lower", ("string",)),
    ("string", "replace", ("string", "string", "string")),
    ("string", "trim", ("string", "string")),
    ("string", "trim_left", ("string", "string")),
    ("string", "trim_prefix", ("string", "string")),
    ("string", "trim_suffix", ("string", "string")),
    ("string", "trim_space", ("string",)),
    ("string", "substring", ("string", "small", "small")),
    ("number", "indexof", ("string", "string")),
    ("array", "indexof_n", ("string", "string")),
    ("string", "strings.reverse", ("string",)),
    ("number", "strings.count", ("string", "string")),
    ("boolean", "strings.any_prefix_match", ("string", "string")),
    ("string", "sprintf", ("format", "array")),
    ("string", "format_int", ("number", "base")),
    ("number", "to_number", ("any",)),
    ("array", "array.concat", ("array", "array")),
    ("array", "array.slice", ("array", "small", "small")),
    ("array", "array.reverse", ("array",)),
    ("array", "array.flatten", ("array",)),
    ("any", "object.get", ("object", "string", "any")),
    ("set", "object.keys", ("object",)),
    ("object", "object.remove", ("object", "array:string")),
    ("object", "object.filter", ("object", "array:string")),
    ("object", "object.union", ("object", "object")),
    ("boolean", "object.subset", ("object", "object")),
    ("set", "union", ("set:set",)),
    ("set", "intersection", ("set:set",)),
    ("boolean", "is_string", ("any",)),
    ("boolean", "is_number", ("any",)),
    ("boolean", "is_array", ("any",)),
    ("boolean", "is_object", ("any",)),
    ("boolean", "is_set", ("any",)),
    ("boolean", "is_null", ("any",)),
    ("boolean", "is_boolean", ("any",)),
    ("string", "type_name", ("any",)),
    ("string", "json.marshal", ("any",)),
    ("any", "json.unmarshal", ("string",)),
    ("boolean", "json.is_valid", ("string",)),
    ("object", "json.filter", ("object", "array:string")),
    ("object", "json.remove", ("object", "array:string")),
    ("boolean", "regex.match", ("pattern", "string")),
    ("array", "regex.split", ("pattern", "string")),
    ("array", "regex.find_n", ("pattern", "string", "small")),
    ("string", "regex.replace", ("string", "pattern", "string")),
    ("boolean", "glob.match", ("pattern", "array:string", "string")),
    ("number", "units.parse", ("string",)),
    ("number", "units.parse_bytes", ("string",)),
    ("boolean", "semver.is_valid", ("any",)),
    ("string", "base64.encode", ("string",)),
    ("string", "base64.decode", ("string",)),
    ("string", "urlquery.encode", ("string",)),
    ("string", "hex.encode", ("string",)),
    ("string", "crypto.sha256", ("string",)),
    ("number", "bits.and", ("small", "small")),
    ("number", "bits.lsh", ("small", "small")),
)
PATTERNS = ("a", "^a", "[a-c]+", "(a|b)*", "\\\\d+", "x.*", "*", "a*", "b?")
FORMATS = ("%v", "%s", "%d", "%v-%v", "%05.2f", "%q", "%x", "%t", "x", "%5v|%-5s|", "%d%%", "%g")


def document(chance: Random, depth: int = 0) -> Any:
    """A JSON value; at the top an object of the keys that modules ask for."""
    kind = chance.randrange(8 if depth < 3 else 5)
    if depth == 0 or kind == 7:
        return {key: document(chance, depth + 1) for key in KEYS if depth == 0 or chance.randrange(2)}
    if kind >= 5:
        return [document(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 0:
        return chance.choice((None, True, False))
    return json.loads(chance.choice(WRITTEN)) if kind < 3 else chance.choice(WORDS)
