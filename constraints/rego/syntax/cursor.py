"""What all parts of the parser share: the tokens, the position in them, and complaints.

The parser goes from left to right and tries again in few places only; a failure is a CompileError at the token that
could not be taken.
"""

from __future__ import annotations

from typing import Final, NoReturn

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.rego.syntax import lexer
from constraints.rego.syntax.lexer import KEYWORDS, NAME, Tokens
from constraints.rego.syntax.tree import Var

# OPA stops at 100,000 levels, all that is here where Python's stack ends.
TOO_DEEP: Final = "max parsing recursion depth exceeded"

_SPOKEN: Final = {  # kinds as OPA's messages name them (v1/ast/internal/tokens)
    lexer.NAME: "identifier",
    lexer.RAW: "string",
    lexer.TEMPLATE: "template-string-part",
    lexer.MIDDLE: "}",
    "+": "plus",
    "-": "minus",
    "*": "mul",
    "/": "div",
    "%": "rem",
    "&": "and",
    "|": "or",
    "=": "eq",
    "==": "equal",
    ":=": "assign",
    "!=": "neq",
    ">": "gt",
    "<": "lt",
    ">=": "gte",
    "<=": "lte",
}


class Cursor:
    """A position in the tokens of one text."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.at = 0
        self._wildcards = 0

    @property
    def kind(self) -> str:
        """The kind of the current token."""
        return self.kinds[self.at]

    def span(self) -> Span:
        """Where the current token is."""
        return self.tokens.span(self.at)

    def accept(self, kind: str) -> bool:
        """Go past the current token if it is of this kind."""
        if self.kinds[self.at] == kind:
            self.at += 1
            return True
        return False

    def expect(self, kind: str, note: str = "") -> None:
        """Go past a token that must be of this kind."""
        if self.kinds[self.at] != kind:
            self.unexpected(note)
        self.at += 1

    def word_is_name(self) -> bool:
        """Take the current keyword as a name where a reference goes on behind it (`if.x`, `in["y"]`)."""
        if (
            self.kinds[self.at] in KEYWORDS
            and self.kinds[self.at + 1] in (".", "[")
            and self.tokens.joined(self.at + 1)
        ):
            self.kinds[self.at] = NAME
            return True
        return False

    def variable(self) -> Var:
        """The current token as a variable; each `_` is one of its own."""
        span = self.tokens.span(self.at)
        name = self.tokens.text(self.at)
        self.at += 1
        return Var(name, span) if name != "_" else self.wildcard(span)

    def wildcard(self, span: Span) -> Var:
        """A variable that nothing else names."""
        self._wildcards += 1
        return Var(f"${self._wildcards}", span)

    def fail(self, message: str, span: Span | None = None) -> NoReturn:
        """Give up with this message, at the current token or elsewhere."""
        raise self.error(message, span or self.span())

    def error(self, message: str, span: Span) -> CompileError:
        """An error with this message."""
        return CompileError(f"rego_parse_error: {message}", span=span, source=self.tokens.source.name)

    def unexpected(self, note: str = "") -> NoReturn:
        """Give up since the current token cannot stand here; the words are OPA's."""
        kind = self.kind
        if kind == lexer.BAD:
            self.fail(lexer.complaint(self.tokens.source.text, self.tokens.starts[self.at]))
        sort = "keyword" if kind in KEYWORDS else "token"
        self.fail(f"unexpected {_SPOKEN.get(kind, kind)} {sort}{': ' if note else ''}{note}")
