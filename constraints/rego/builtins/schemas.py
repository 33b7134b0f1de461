"""`json.match_schema` and `json.verify_schema` (facts: OPA's topdown/jsonschema.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gojson import marshal, unmarshal
from constraints.rego.builtins.schemacheck import check_schema, draft_of
from constraints.rego.builtins.schemarules import FIELD, dialect
from constraints.rego.values.kinds import Value, is_object
from constraints.rego.values.sizes import lasting, too_deep

_ROOT = "(Root)"


def _document(value: Value) -> str:
    """The JSON of a document: a string is one already."""
    if isinstance(value, str):
        try:
            unmarshal(value)
        except BuiltinError as error:
            raise BuiltinError("invalid JSON string") from error
        return value
    if is_object(value) or isinstance(value, list):
        return marshal(value)
    raise BuiltinError("wrong type, expected string or object")


@lasting(64, 100_000)
def _validator(source: str) -> Callable[[Any], list[Any]]:
    """What finds the problems of a document with this schema."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    schema = unmarshal(source)
    check_schema(schema)
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    validator = dialect(draft_of(schema))(schema, registry=Registry())  # one that loads nothing

    def problems(document: Any) -> list[Any]:
        try:
            return list(validator.iter_errors(document))
        except Unresolvable as error:
            raise BuiltinError(f"Reference {error.ref} cannot be resolved") from error
        except RecursionError as error:
            raise too_deep() from error

    return problems


@builtin("json.verify_schema", "string|object", result="array<boolean,null|string>")
def verify_schema(schema: Value) -> Value:
    """`[true, null]`, or `[false, why]` for what is no JSON schema."""
    try:
        _validator(_document(schema))
    except BuiltinError as error:
        return [False, f"jsonschema: {error}"]
    return [True, None]


@builtin(
    "json.match_schema",
    "string|object",
    "string|object",
    result="array<boolean,array[object<desc:string,error:string,field:string,type:string>]>",
)
def match_schema(document: Value, schema: Value) -> Value:
    """`[true, []]`, or `[false, problems]` for a document that does not match."""
    source = unmarshal(_document(document))
    found = [_told(problem) for problem in _validator(_document(schema))(source)]
    return [not found, found]


def _told(problem: Any) -> Value:
    field = ".".join(map(str, problem.absolute_path)) or _ROOT
    description = problem.message.replace(FIELD, field)
    return {"error": f"{field}: {description}", "type": problem.validator, "field": field, "desc": description}
