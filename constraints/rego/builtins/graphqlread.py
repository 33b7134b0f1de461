"""GraphQL documents read and held against schemas by graphql-core, with gqlparser's words where they are near."""

from __future__ import annotations

import re
from typing import Any, Final

from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.sizes import too_deep

_EXECUTABLE: Final = frozenset(("operation_definition", "fragment_definition"))
_UNKNOWN: Final = ("ExecutableDefinitions", "Defer", "Stream")  # rules that gqlparser has not, by how their names begin
_OVERLAPS: Final = "OverlappingFields"
_NO_TOKEN: Final = re.compile(r"Unterminated|Invalid|Unexpected (character|single quote)")
_PUNCTUATOR: Final = re.compile(r"'([^\w\s']+)'")
_NOTHING: Final = re.compile(r"Expected .*, found '([})])'")
_DESCRIPTION: Final = "Unexpected description"
_OPENING: Final = {"}": "{", ")": "("}
_REWORDED: Final = (
    (re.compile(r'Argument "\w+\.(\w+)\((\w+):\)"'), r'Field "\1" argument "\2"'),
    (re.compile(r"The (\w+) operation is not supported by the schema"), r'Schema does not support operation type "\1"'),
    (re.compile(r'Unexpected variable "\$.*" in constant value'), "Unexpected $"),
)


def read(text: str, executable: bool) -> Any:
    """A document with operations and fragments only, or with definitions and extensions only.

    Raises BuiltinError for what is no such document, EvaluationError for one that is nested too deeply.
    """
    from graphql import DocumentNode, GraphQLSyntaxError, Source, TokenKind
    from graphql.language.lexer import Lexer
    from graphql.language.parser import Parser

    try:
        lexer = Lexer(Source(text))
        if lexer.advance().kind == TokenKind.EOF:
            return _empty(DocumentNode, lexer)
        document = Parser(text, experimental_fragment_arguments=True, allow_empty_selection_sets=False).parse_document()
    except GraphQLSyntaxError as error:
        raise BuiltinError(_syntax(text, error)) from error
    except RecursionError:
        raise too_deep() from None
    found: Any = document.definitions  # all of them have a place
    for one in found:
        start = one.loc.start_token
        if executable and getattr(one, "description", None):
            raise _at(f'Unexpected String "{start.value}"', start.line, start.column + 1)
        if (one.kind in _EXECUTABLE) is not executable:
            shown = f'Name "{start.value}"' if start.kind == TokenKind.NAME else start.kind.value
            raise _at(f"Unexpected {shown}", start.line, start.column)
        if one.kind == "interface_type_extension" and not (one.directives or one.fields):
            raise _at("Unexpected", start.line, start.column)  # gqlparser wants one of them
    return document


def _empty(document: Any, lexer: Any) -> Any:
    from graphql.language.ast import Location

    return document(definitions=(), loc=Location(lexer.last_token, lexer.token, lexer.source))


def library_schema(text: str) -> Any:
    """A schema of the library. Raises EvaluationError for one that only gqlparser takes, and that nests too deeply."""
    from graphql import GraphQLError, build_schema

    try:
        return build_schema(text, assume_valid=True, assume_valid_sdl=True)
    except RecursionError:
        raise too_deep() from None
    except (GraphQLError, TypeError) as error:
        raise EvaluationError(f"graphql: a schema that is not supported: {error}", code="eval_builtin_error") from error


def check(schema: Any, document: Any) -> None:
    """Raises BuiltinError with the first rule that a document breaks, of all but that of `check_overlaps`."""
    from graphql import specified_rules

    _hold(schema, document, [rule for rule in specified_rules if not rule.__name__.startswith((*_UNKNOWN, _OVERLAPS))])


def check_overlaps(schema: Any, document: Any) -> None:
    """Raises BuiltinError for selections of one name that are not of one field."""
    from graphql import specified_rules

    _hold(schema, document, [rule for rule in specified_rules if rule.__name__.startswith(_OVERLAPS)])


def _hold(schema: Any, document: Any, rules: list[Any]) -> None:
    from graphql import validate

    try:
        found = validate(schema, document, rules, max_errors=1, hide_suggestions=True)
    except RecursionError:
        raise too_deep() from None
    if found:
        raise _told(found[0])


def _syntax(text: str, error: Any) -> str:
    message = error.message.removeprefix("Syntax Error: ").removesuffix(".")
    place, start = error.locations[0], error.positions[0]
    nothing = _NOTHING.match(message)
    if _NO_TOKEN.match(message):
        message = "Unexpected <Invalid>"
    elif message.startswith(_DESCRIPTION):
        message = f'Unexpected String "{_token(text[start:])}"'
    elif nothing and text[:start].rstrip(" \t\r\n,").endswith(_OPENING[nothing[1]]):
        message = f"expected at least one definition, found {nothing[1]}"
    within = "String" in message  # gqlparser points behind the quote
    return str(_at(_reworded(_PUNCTUATOR.sub(r"\1", message)), place.line, place.column + within))


def _token(text: str) -> str:
    from graphql import Source
    from graphql.language.lexer import Lexer

    return str(Lexer(Source(text)).advance().value)


def _told(error: Any) -> BuiltinError:
    shown = _reworded(error.message.removesuffix("."))
    if not error.locations:
        return BuiltinError(f"GraphQL parse error: {shown}")
    return _at(shown, error.locations[0].line, error.locations[0].column)


def _reworded(message: str) -> str:
    shown = message.replace("'", '"')
    for pattern, ours in _REWORDED:
        shown = pattern.sub(ours, shown)
    return shown


def _at(message: str, line: int, column: int) -> BuiltinError:
    return BuiltinError(f"{message} in GraphQL string at location {line}:{column}")
