"""Tokens to a syntax tree, macros expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from constraints.cel.failures import Invalid, Problem
from constraints.cel.lexer import KEYWORDS, Token, tokenize, value_of
from constraints.cel.macros import expand
from constraints.cel.syntax import (
    Call,
    Choice,
    Entry,
    Field,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Message,
    Node,
    Select,
    qualified,
)
from constraints.lang.source import Span

NOWHERE: Final = Span(-1, 0)
DEEPEST: Final = 250  # levels of nesting, and operators or suffixes in a row, as in cel-go
LONGEST: Final = 100_000  # characters, as in cel-go
RELATIONS: Final = frozenset({"<", "<=", ">=", ">", "==", "!="})
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
    | {"namespace", "return", "var", "void", "while"}
)
_BEGINNINGS: Final = frozenset({"[", "{", "(", ".", "-", "!"})
_EXPECTED: Final = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
_EXPECTED_KEY: Final = _EXPECTED.replace("'!', ", "'!', '?', ")


def too_deep() -> Invalid:
    """More operators or suffixes in a row than cel-go takes, or more than can be looked through here."""
    return Invalid([Problem(NOWHERE, "max recursion depth exceeded")])


def parse(text: str) -> Node:
    """Raises Invalid with line and column."""
    if len(text) > LONGEST:
        raise Invalid(
            [Problem(NOWHERE, f"expression code point size exceeds limit: size: {len(text)}, limit {LONGEST}")]
        )
    tokens, problems = tokenize(text)
    parser = _Parser(tokens, problems)
    try:
        found = parser.expression()
        parser.finish()
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid(problems)
    return found


def _too_nested() -> Invalid:
    return Invalid([Problem(NOWHERE, f"expression recursion limit exceeded: {DEEPEST}")])


class _Parser:
    """Recursive descent over the tokens; one method for each level of precedence.

    `problems` gets those after which it can go on, as ANTLR does.
    """

    def __init__(self, tokens: list[Token], problems: list[Problem]) -> None:
        self._tokens = tokens
        self._problems = problems
        self._place = 0
        self._depth = 0
        self._relations = 0
        self._sums = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def finish(self) -> None:
        """Raises Invalid unless every token is used."""
        if self._next.kind != "end":
            raise self._error(f"{self._superfluous()} '{self._next.text}' expecting <EOF>")

    def _superfluous(self) -> str:
        """ANTLR's word for a token that is none of those expected: it would go on behind it where that is the end."""
        return "extraneous input" if self._tokens[self._place + 1].kind == "end" else "mismatched input"

    def expression(self) -> Node:
        """`test ? then : other`, or anything below it."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_nested()
        found = self._logic(True)
        mark = self._take("?")
        if mark:
            then = self._logic(True)
            if self._next.kind == "end":
                raise self._error("mismatched input '<EOF>' expecting ':'")
            self._expect(":")
            found = Choice(mark.at, found, then, self.expression())
        self._depth -= 1
        return found

    def _logic(self, either: bool) -> Node:
        sign = "||" if either else "&&"
        terms = [self._logic(False) if either else self._relation()]
        first: Token | None = None
        while mark := self._take(sign):
            first = first or mark
            terms.append(self._logic(False) if either else self._relation())
        return Logic(first.at, either, tuple(terms)) if first else terms[0]

    def _relation(self) -> Node:
        self._enter_relation()
        left = self._sum()
        for mark in self._repeated(self._take_relation):
            name = "@in" if mark.text == "in" else f"_{mark.text}_"
            self._enter_relation()
            left = Call(mark.at, name, (left, self._sum()))
            self._relations -= 1
        self._relations -= 1
        return left

    def _enter_relation(self) -> None:
        """Count a relation that is open; for ANTLR the right side of one is another."""
        self._relations += 1
        if self._relations > DEEPEST:
            raise _too_nested()

    def _enter_sum(self) -> None:
        """The same of sums and products, which are of one kind."""
        self._sums += 1
        if self._sums > DEEPEST:
            raise _too_nested()

    def _take_relation(self) -> Token | None:
        token = self._next
        is_one = token.text in RELATIONS if token.kind == "operator" else (token.kind, token.text) == ("name", "in")
        return self._advance() if is_one else None

    def _repeated(self, take: Callable[[], Token | None]) -> Iterator[Token]:
        """What is taken, as often as there is something. Raises Invalid when that is too often."""
        for _ in range(DEEPEST):
            mark = take()
            if mark is None:
                return
            yield mark
        if take():
            raise too_deep()

    def _sum(self) -> Node:
        self._enter_sum()
        left = self._product()
        for mark in self._repeated(lambda: self._take("+", "-")):
            self._enter_sum()
            left = Call(mark.at, f"_{mark.text}_", (left, self._product()))
            self._sums -= 1
        self._sums -= 1
        return left

    def _product(self) -> Node:
        left = self._unary()
        for mark in self._repeated(lambda: self._take("*", "/", "%")):
            self._enter_sum()
            left = Call(mark.at, f"_{mark.text}_", (left, self._unary()))
            self._sums -= 1
        return left

    def _unary(self) -> Node:
        mark = self._take("!", "-")
        if not mark:
            return self._member()
        marks = 1
        while self._take(mark.text):
            marks += 1
        if mark.text == "-" and marks == 1 and self._next.kind in ("int", "double"):
            number = self._advance()
            return self._suffixes(Literal(mark.at, value_of(number, mark)))
        operand = self._member()
        return Call(mark.at, f"{mark.text}_", (operand,)) if marks % 2 else operand

    def _member(self) -> Node:
        return self._suffixes(self._primary())

    def _suffixes(self, found: Node) -> Node:
        for mark in self._repeated(lambda: self._take(".", "[")):
            optional = self._take("?") is not None
            if mark.text == "[":
                if self._next.kind == "end" or self._next.text == "]":
                    raise self._error(f"mismatched input '{self._next.text}' expecting {_EXPECTED_KEY}")
                found = Index(mark.at, found, self.expression(), optional)
                self._expect("]")
            else:
                found = self._selection(found, mark, optional)
        opening = self._next
        if opening.text == "{" and isinstance(found, Ident | Select) and (name := qualified(found)):
            return self._suffixes(self._message(name))
        return found

    def _selection(self, operand: Node, dot: Token, optional: bool) -> Node:
        quoted = self._next.kind == "quoted"
        field = self._advance().text[1:-1] if quoted else self._field_name(dot, optional)
        opening = None if quoted or optional else self._take("(")
        if not opening:
            return Select(dot.at, operand, field, optional=optional)
        return expand(Call(opening.at, field, self._arguments(")"), operand))

    def _field_name(self, dot: Token, optional: bool) -> str:
        """A name behind a dot. Without one ANTLR cannot tell what the dot begins."""
        token = self._next
        if optional or (token.kind == "name" and token.text not in KEYWORDS):
            return self._name()
        if token.text in KEYWORDS - {"in"}:
            return self._name()
        between = "" if token.kind == "end" else self._between(dot, token)
        raise self._error(f"no viable alternative at input '.{between}'")

    def _between(self, dot: Token, token: Token) -> str:
        """What is written behind a dot, and the token there, when both are in one line."""
        space = token.at.column - dot.at.column - 1 if token.at.line == dot.at.line else 0
        return " " * space + token.text

    def _primary(self) -> Node:
        token = self._next
        if token.kind in ("string", "bytes", "double", "uint", "int"):
            return Literal(token.at, value_of(self._advance()))
        if token.kind == "name":
            return self._named(self._advance())
        if self._take("."):
            return self._named(self._next, self._name())
        if self._take("("):
            found = self.expression()
            self._expect(")")
            return found
        if self._take("["):
            return self._list(token)
        if self._take("{"):
            return self._map(token)
        if token.kind == "end" or not self._begins(self._tokens[self._place + 1]):
            raise self._error(f"mismatched input '{token.text}' expecting {_EXPECTED}")
        self._problems += self._error(f"extraneous input '{token.text}' expecting {_EXPECTED}").problems
        self._place += 1
        return self._primary()

    def _begins(self, token: Token) -> bool:
        """Whether an expression may begin so."""
        return token.text in _BEGINNINGS if token.kind == "operator" else token.kind not in ("end", "quoted")

    def _named(self, token: Token, name: str = "") -> Node:
        if not name and token.text in KEYWORDS:
            if token.text == "in":
                raise self._error(f"mismatched input 'in' expecting {_EXPECTED}", token.at)
            return Literal(token.at, {"true": True, "false": False, "null": None}[token.text])
        name = name or token.text
        if name in _RESERVED:
            self._problems.append(Problem(token.at, f"reserved identifier: {name}"))
        opening = self._take("(")
        return expand(Call(opening.at, name, self._arguments(")"))) if opening else Ident(token.at, name)

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._take(closing):
            if found and not self._take(","):
                self._expect(closing)
                break
            found.append(self.expression())
        return tuple(found)

    def _list(self, opening: Token) -> Node:
        items: list[Node] = []
        optional = set()
        while not self._take("]"):
            if items and (self._separated("]") and self._take("]")):
                break
            if self._take("?"):
                optional.add(len(items))
            items.append(self.expression())
        return ListLiteral(opening.at, tuple(items), frozenset(optional))

    def _map(self, opening: Token) -> Node:
        entries: list[Entry] = []
        while not self._take("}"):
            if entries and (self._separated("}") and self._take("}")):
                break
            optional = self._take("?") is not None
            key = self.expression()
            self._expect(":")
            entries.append(Entry(key, self.expression(), optional))
        return MapLiteral(opening.at, tuple(entries))

    def _message(self, name: str) -> Node:
        opening = self._expect("{")
        fields: list[Field] = []
        while not self._take("}"):
            if fields and (self._expect(",") and self._take("}")):
                break
            optional = self._take("?") is not None
            field = self._advance().text[1:-1] if self._next.kind == "quoted" else self._name()
            colon = self._expect(":")
            fields.append(Field(colon.at, field, self.expression(), optional))
        return Message(opening.at, name, tuple(fields))

    def _separated(self, closing: str) -> Token:
        """The comma behind an item of what ends with `closing`."""
        comma = self._take(",")
        if comma is None:
            raise self._error(f"mismatched input '{self._next.text}' expecting {{'{closing}', ','}}")
        return comma

    def _name(self) -> str:
        token = self._next
        if token.kind != "name" or token.text in KEYWORDS:
            raise self._error(f"mismatched input '{token.text}' expecting IDENTIFIER")
        return self._advance().text

    def _advance(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _take(self, *texts: str) -> Token | None:
        token = self._next
        return self._advance() if token.kind == "operator" and token.text in texts else None

    def _expect(self, text: str) -> Token:
        token = self._take(text)
        behind = self._tokens[self._place + 1] if token is None and self._next.kind != "end" else None
        if behind and (behind.kind, behind.text) == ("operator", text):
            self._problems += self._error(f"extraneous input '{self._next.text}' expecting '{text}'").problems
            self._place += 2
            return behind
        if token is None:
            missing = f"missing '{text}' at" if self._next.kind == "end" else "mismatched input"
            expecting = "" if self._next.kind == "end" else f" expecting '{text}'"
            raise self._error(f"{missing} '{self._next.text}'{expecting}")
        return token

    def _error(self, text: str, at: Span | None = None) -> Invalid:
        return Invalid([Problem(at or self._next.at, f"Syntax error: {text}")])
