"""From the pieces of a Go template to its tree."""

from __future__ import annotations

import re
from typing import Any, Final

from constraints.golang.quoting import quoted
from constraints.rego.builtins.conversions import nearest_float
from constraints.rego.builtins.gotemplate import (
    FUNCTIONS,
    Block,
    Call,
    Chain,
    Constant,
    Function,
    Jump,
    Pipe,
    Template,
    pieces,
    template_error,
    tokens_of,
)

_INTEGER: Final = re.compile(
    r"([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|((?:0|[1-9](?:_?[0-9])*)))"
)
_BASES: Final = (16, 2, 8, 10)
_LONGEST: Final = 64  # digits of 64 bits
_INT64: Final = 1 << 63
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)


def parse_template(text: str) -> Template:
    """The tree of a template. Raises BuiltinError if it is none."""
    parser = _Parser(list(pieces(text)))
    parser.template.body, end = parser.body(())
    if end:
        raise template_error(f"unexpected {{{{{end}}}}}")
    return parser.template


class _Parser:
    def __init__(self, pieces: list[tuple[str, str]]) -> None:
        self.pieces = pieces
        self.position = 0
        self.loops = 0
        self.depth = 0
        self.template = Template()

    def body(self, scope: tuple[str, ...]) -> tuple[tuple[Any, ...], str]:
        """Nodes up to `end`, `else ...` or the end of the text, and that word with what is behind it."""
        nodes: list[Any] = []
        self.depth += 1
        while self.position < len(self.pieces):
            kind, piece = self.pieces[self.position]
            self.position += 1
            if kind == "text":
                nodes += [piece] if piece else []
                continue
            tokens = tokens_of(piece)
            word = tokens[0][1] if tokens and tokens[0][0] == "word" else ""
            if word in ("end", "else"):
                self.depth -= 1
                return tuple(nodes), piece.strip()
            node = self.action(word, tokens, scope)
            nodes += [] if node is None else [node]
            if isinstance(node, Pipe) and node.declares:
                scope += node.variables
        return tuple(nodes), ""

    def action(self, word: str, tokens: list[tuple[str, str]], scope: tuple[str, ...]) -> Any:
        """One action that is neither `end` nor `else`; None for a definition."""
        if word in ("if", "range", "with"):
            return self.block(word, tokens[1:], scope)
        if word in ("define", "block", "template"):
            return self.named(word, tokens[1:], scope)
        if word in ("break", "continue"):
            if not self.loops:
                raise template_error(f"{{{{{word}}}}} outside {{{{range}}}}")
            return Jump(word)
        return _Command(tokens, scope).pipe("command")

    def block(self, kind: str, tokens: list[tuple[str, str]], scope: tuple[str, ...]) -> Block:
        pipe = _Command(tokens, scope).pipe(kind)
        scope += pipe.variables if pipe.declares else ()
        self.loops += kind == "range"
        body, end = self.body(scope)
        self.loops -= kind == "range"
        otherwise: tuple[Any, ...] = ()
        if end.startswith("else"):
            follow = tokens_of(end)[1:]
            word = next((text for name, text in follow if name != "space"), "")
            if word:  # `else if` and `else with` end together with what they are in
                if word != kind or kind == "range":
                    raise template_error(f"unexpected <{word}> in else")
                return Block(kind, pipe, body, (self.block(word, follow[follow.index(("word", word)) + 1 :], scope),))
            otherwise, end = self.body(scope)
        if end != "end":
            raise template_error("unexpected EOF" if not end else f"unexpected {{{{{end}}}}}")
        return Block(kind, pipe, body, otherwise)

    def named(self, word: str, tokens: list[tuple[str, str]], scope: tuple[str, ...]) -> Call | None:
        tokens = tokens[1:] if tokens and tokens[0][0] == "space" else tokens
        if not tokens or tokens[0][0] != "string":
            raise template_error(f"missing name in {word} clause")
        if word == "define" and self.depth > 1:
            raise template_error("unexpected <define> in command")
        name, rest = _unquoted(tokens[0][1]), tokens[1:]
        pipe = _Command(rest, scope).pipe(word) if rest and word != "define" else None
        if word == "template":
            return Call(name, pipe)
        loops, self.loops = self.loops, 0
        body, end = self.body(("$",))
        self.loops = loops
        if end != "end":
            raise template_error("unexpected EOF" if not end else f"unexpected {{{{{end}}}}} in {word} clause")
        self.template.named[name] = body
        return Call(name, pipe) if word == "block" else None


class _Command:
    """Parses a pipeline out of an action's tokens."""

    def __init__(self, tokens: list[tuple[str, str]], scope: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.scope = scope
        self.position = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "")

    def skip(self, kind: str = "space") -> None:
        while self.peek()[0] == kind:
            self.position += 1

    def pipe(self, context: str) -> Pipe:
        """All of it."""
        variables, declares = self.variables(context)
        pipe = Pipe(self.commands(context), variables, declares)
        if self.peek()[0] != "end":
            raise template_error(f"unexpected {quoted(self.peek()[1])} in {context}")
        return pipe

    def variables(self, context: str) -> tuple[tuple[str, ...], bool]:
        """`$x :=`, `$x =` or `$i, $x :=` at the start."""
        start, names = self.position, []
        self.skip()
        while self.peek()[0] == "variable":
            names.append(self.peek()[1])
            self.position += 1
            self.skip()
            mark = self.peek()[1]
            if mark in (":=", "=") and (len(names) == 1 or context == "range"):
                self.position += 1
                self.known(names if mark == "=" else [])
                return tuple(names), mark == ":="
            if mark != "," or context != "range":
                break
            self.position += 1
            self.skip()
        self.position = start
        return (), False

    def known(self, names: list[str]) -> None:
        for name in names:
            if name != "$" and name not in self.scope:
                raise template_error(f'undefined variable "{name}"')

    def commands(self, context: str) -> tuple[tuple[Any, ...], ...]:
        found = []
        while True:
            operands = self.operands()
            if not operands:
                raise template_error(f"missing value for {context}")
            found.append(operands)
            if self.peek()[1] != "|":
                break
            self.position += 1
        if Constant(None) in (operands[0] for operands in found):
            raise template_error("nil is not a command")
        for operands in found[1:]:
            if isinstance(operands[0], Constant):
                raise template_error("non executable command in pipeline stage 2")
        return tuple(found)

    def operands(self) -> tuple[Any, ...]:
        found = []
        self.skip()
        while (operand := self.operand()) is not None:
            found.append(operand)
            if self.peek()[0] != "space":
                break
            self.skip()
        return tuple(found)

    def operand(self) -> Any:
        """One operand with its fields, or None where none starts."""
        kind, text = self.peek()
        if kind in ("end", "space") or text in (")", "|", ",", ":=", "="):
            return None
        self.position += 1
        head = self.head(kind, text)
        fields = [text[1:]] if kind == "field" else []
        while self.peek()[0] == "field":
            fields.append(self.peek()[1][1:])
            self.position += 1
        if not isinstance(head, Chain):
            if fields:
                raise template_error(f"unexpected <.{fields[0]}> after term")
            return head
        return Chain(head.head, (*head.fields, *fields))

    def head(self, kind: str, text: str) -> Any:
        if kind == "word":
            return _word(text)
        if kind == "string":
            return Constant(_unquoted(text))
        if kind == "number":
            return Constant(_numeral(text))
        if kind == "char":
            return Constant(ord(_unescaped(text[1:-1])))
        if kind == "variable":
            self.known([text])
            return Chain(text)
        if text == "(":
            inner = Pipe(self.commands("parenthesized pipeline"))
            if self.peek()[1] != ")":
                raise template_error("unclosed left paren")
            self.position += 1
            return Chain(inner)
        return Chain(None)


def _word(text: str) -> Constant | Function:
    if text in ("true", "false", "nil"):
        return Constant({"true": True, "false": False}.get(text))
    if text not in FUNCTIONS:
        raise template_error(f'function "{text}" not defined')
    return Function(text)


def _numeral(text: str) -> int | float:
    """As Go reads a constant: an integer of 64 bits in any base, or what is written as a float; no complex numbers."""
    found = _INTEGER.fullmatch(text)
    if found:
        sign, *digits = found.groups()
        plain, base = next(
            (part.replace("_", "").lstrip("0"), size) for part, size in zip(digits, _BASES, strict=True) if part
        )
        value = int(sign + (plain or "0"), base) if len(plain) <= _LONGEST else _INT64
        if not -_INT64 <= value < _INT64:
            raise template_error(f"integer overflow: {quoted(text)}")
        return value
    number = nearest_float(text) if any(mark in text for mark in ".eEpP") else None
    if number is None:
        raise template_error(f"illegal number syntax: {quoted(text)}")
    return number


def _unquoted(text: str) -> str:
    return text[1:-1] if text[0] == "`" else _unescaped(text[1:-1])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code or found[4]:
        return chr(int(code, 16) if code else int(found[4], 8))
    return _ESCAPES.get(found[5], found[5])
