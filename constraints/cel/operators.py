"""The operators: what types they take, and the code behind each."""

from __future__ import annotations

from typing import Final

from constraints.cel.arithmetic import add, divide, multiply, negative, remainder, subtract
from constraints.cel.equality import contains, equal, greater, greater_equal, less, less_equal
from constraints.cel.overloads import Code, Overload, named
from constraints.cel.runtime import index, index_optional, negated, not_equal
from constraints.cel.types import parse_type

_TIME: Final = "google.protobuf.Timestamp"
_SPAN: Final = "google.protobuf.Duration"
_NUMBERS: Final = ("int", "uint", "double")
_ORDERED: Final = [(kind, kind) for kind in ("bool", "bytes", _SPAN, _TIME, "string")] + [
    (a, b) for a in _NUMBERS for b in _NUMBERS
]
_SUMS: Final = [
    *((kind, kind, kind) for kind in ("bytes", "double", _SPAN, "int", "list(<A>)", "string", "uint")),
    (_SPAN, _TIME, _TIME),
    (_TIME, _SPAN, _TIME),
]
_DIFFERENCES: Final = [
    *((kind, kind, kind) for kind in ("double", _SPAN, "int", "uint")),
    (_TIME, _SPAN, _TIME),
    (_TIME, _TIME, _SPAN),
]
_INDEXED: Final[list[tuple[str, ...]]] = [("list(<V>)", "int"), ("map(<K>, <V>)", "<K>")]
_OPTIONAL: Final = [(f"optional_type({owner})", key, "optional_type(<V>)") for owner, key in _INDEXED]
_ROWS: Final[list[tuple[str, Code, list[tuple[str, ...]]]]] = [  # name, code, argument types and the result's
    ("_+_", add, list(_SUMS)),
    ("_-_", subtract, list(_DIFFERENCES)),
    ("_*_", multiply, [(kind, kind, kind) for kind in _NUMBERS]),
    ("_/_", divide, [(kind, kind, kind) for kind in _NUMBERS]),
    ("_%_", remainder, [(kind, kind, kind) for kind in ("int", "uint")]),
    ("-_", negative, [("int", "int"), ("double", "double")]),
    ("!_", negated, [("bool", "bool")]),
    ("_==_", equal, [("<A>", "<A>", "bool")]),
    ("_!=_", not_equal, [("<A>", "<A>", "bool")]),
    ("@in", contains, [("<A>", "list(<A>)", "bool"), ("<A>", "map(<A>, <B>)", "bool")]),
    ("_<_", less, [(*pair, "bool") for pair in _ORDERED]),
    ("_<=_", less_equal, [(*pair, "bool") for pair in _ORDERED]),
    ("_>_", greater, [(*pair, "bool") for pair in _ORDERED]),
    ("_>=_", greater_equal, [(*pair, "bool") for pair in _ORDERED]),
    ("_[_]", index, [*((*pair, "<V>") for pair in _INDEXED), *_OPTIONAL]),
    ("_[?_]", index_optional, [*((*pair, "optional_type(<V>)") for pair in _INDEXED), *_OPTIONAL]),
]


def _declare() -> None:
    for name, code, types in _ROWS:
        operator = named(name)
        operator.unguarded = code
        for *arguments, result in types:
            operator.overloads.append(Overload(False, tuple(map(parse_type, arguments)), parse_type(result), code))


_declare()
