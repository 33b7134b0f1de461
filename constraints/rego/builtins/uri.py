"""`uri.parse` and `uri.is_valid` (facts: OPA's topdown/uri.go)."""

from __future__ import annotations

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gourl import parse_url
from constraints.rego.builtins.operands import string
from constraints.rego.values.kinds import Value


@builtin("uri.parse", "string", result="object[string:string]")
def uri_parse(uri: Value) -> Value:
    """The parts that the URI has, each as text; `raw_path` wherever there is a path."""
    url = parse_url(string(uri, 1))
    parts = {
        "scheme": url.scheme,
        "hostname": url.hostname(),
        "port": url.port(),
        "path": url.path,
        "raw_path": url.raw_path or url.path,
        "raw_query": url.raw_query,
        "fragment": url.fragment,
    }
    return {name: part for name, part in parts.items() if part}


@builtin("uri.is_valid", "string", result="boolean")
def uri_is_valid(uri: Value) -> bool:
    """Whether it is a URI or a reference that is not empty; false for what is no string."""
    if not isinstance(uri, str) or not uri:
        return False
    try:
        parse_url(uri)
    except BuiltinError:
        return False
    return True
