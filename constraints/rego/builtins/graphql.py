"""`graphql.*` (facts: OPA's topdown/graphql.go and gqlparser, which it reads with). Needs the extra `graphql`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from constraints.dataclass import value
from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gojson import marshal
from constraints.rego.builtins.graphqlcosts import spend_comparisons, spend_rules
from constraints.rego.builtins.graphqlread import check, check_overlaps, library_schema, read
from constraints.rego.builtins.graphqlschema import PRELUDE, Schema, schema_of
from constraints.rego.builtins.graphqltext import checked_text, query_text, schema_text
from constraints.rego.builtins.graphqltree import Node, query_tree, schema_tree
from constraints.rego.builtins.operands import none_of, string
from constraints.rego.values.kinds import Value, is_object
from constraints.rego.values.plain import to_json
from constraints.rego.values.sizes import lasting, scan, spend, too_deep

_EXTRA: Final = "graphql"
_TOKEN: Final = re.compile(r"[A-Za-z_0-9]+|[^\s,A-Za-z_0-9]")
_READ: Final = 300
"""Steps for a token: it is read, and becomes nodes of the library's tree and then objects."""

_COUNTED: Final = 1000  # tokens before their steps are taken
_CONVERSION: Final = "Error in gqlparser SchemaDocument to Schema conversion: "


@value
class _Checked:
    """A schema that is valid, and what the library makes of it."""

    tree: Node
    schema: Schema


@builtin("graphql.parse_query", "string", result="object[any:any]", extra=_EXTRA, pure=False)
def parse_query(query: Value) -> Value:
    """The tree of a document with operations and fragments."""
    return _query_tree(_query(string(query, 1)))


@builtin("graphql.parse_schema", "string", result="object[any:any]", extra=_EXTRA, pure=False)
def parse_schema(schema: Value) -> Value:
    """The tree of a document with definitions; it may be no valid schema."""
    text = string(schema, 1)
    _charge(text)
    return _schema_tree(text)


@builtin(
    "graphql.parse",
    "string|object",
    "string|object",
    result="array<object[any:any],object[any:any]>",
    extra=_EXTRA,
    pure=False,
)
def parse(query: Value, schema: Value) -> Value:
    """The trees of a query and its schema. Raises BuiltinError when one of them is not valid."""
    return list(_verified(query, schema))


@builtin(
    "graphql.parse_and_verify",
    "string|object",
    "string|object",
    result="array<boolean,object[any:any],object[any:any]>",
    extra=_EXTRA,
    pure=False,
)
def parse_and_verify(query: Value, schema: Value) -> Value:
    """`[true, query, schema]` with the trees, `[false, {}, {}]` when one of them is not valid."""
    try:
        return [True, *_verified(query, schema)]
    except BuiltinError:
        return [False, {}, {}]


@builtin("graphql.is_valid", "string|object", "string|object", result="boolean", extra=_EXTRA, pure=False)
def is_valid(query: Value, schema: Value) -> bool:
    """Whether a query fits its schema."""
    try:
        _verified(query, schema)
    except BuiltinError:
        return False
    return True


@builtin("graphql.schema_is_valid", "string|object", result="boolean", extra=_EXTRA, pure=False)
def schema_is_valid(schema: Value) -> bool:
    """Whether a schema is valid."""
    try:
        _checked(_document_text(schema, 0, schema_text))
    except BuiltinError:
        return False
    return True


def _verified(query: Value, schema: Value) -> tuple[Node, Node]:
    document = _query(_document_text(query, 0, query_text))
    text = _document_text(schema, 1, schema_text)
    tree, checked = _query_tree(document), _checked(text)
    if tree:
        library = _library(text)
        spend_rules(tree, len(checked.schema.types))
        check(library, document)
        spend_comparisons(tree)  # ends: there are no circles of fragments
        check_overlaps(library, document)
    return tree, checked.tree


def _document_text(given: Value, position: int, write: Callable[[Any], str]) -> str:
    """A document, which may be given as its tree."""
    if isinstance(given, str):
        return given
    if not is_object(given):
        raise none_of(position, given, "string", "object")
    try:
        plain = to_json(given)
        spend(len(marshal(given)))
        return write(plain)
    except RecursionError:
        raise too_deep() from None


def _charge(text: str) -> None:
    scan(text)
    tokens = _TOKEN.finditer(text)
    while found := sum(1 for _ in islice(tokens, _COUNTED)):
        spend(found * _READ)


def _query(text: str) -> Any:
    _charge(text)
    return read(text, executable=True)


def _query_tree(document: Any) -> Node:
    try:
        return query_tree(document)
    except RecursionError:
        raise too_deep() from None


def _checked(text: str) -> _Checked:
    """Raises BuiltinError for what is no valid schema."""
    _charge(text)
    return _schema(text)


@lasting(8, 100_000)
def _schema(text: str) -> _Checked:
    tree = _schema_tree(text)
    try:
        return _Checked(tree, schema_of(tree, _schema_tree(PRELUDE)))
    except BuiltinError as error:
        raise BuiltinError(f"{_CONVERSION}{error}") from error
    except RecursionError:
        raise too_deep() from None


@lasting(8, 100_000)
def _schema_tree(text: str) -> Node:
    document = read(text, executable=False)
    try:
        return schema_tree(document)
    except RecursionError:
        raise too_deep() from None


@lasting(8, 100_000)
def _library(text: str) -> Any:
    """What the library makes of a schema that is valid, with its extensions. Raises EvaluationError."""
    schema = _schema(text).schema
    for operation, name in schema.roots.items():
        if schema.types[name]["Kind"] != "OBJECT":  # gqlparser asks it for fields, the library does not
            problem = f"graphql: the type {name} of {operation} is no object, which is not supported"
            raise EvaluationError(problem, code="eval_builtin_error")
    try:
        return library_schema(checked_text(schema.own_types(), schema.directives.values(), schema.roots))
    except RecursionError:
        raise too_deep() from None
