"""Rego text to the tree of `syntax`: v0 and v1 as OPA 1.17 reads them (v1/ast/parser.go).

The parser is one class in a file a level: cursor, parse_terms, parse_composites, parse_bodies, parse_heads,
parse_rules, and here the module with its package and imports.
"""

from __future__ import annotations

from typing import Final

from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.rego.syntax.bodies import BodyParser
from constraints.rego.syntax.cursor import TOO_DEEP
from constraints.rego.syntax.lexer import ALWAYS, EOF, IMPORTED, KEYWORDS, NAME, tokenize
from constraints.rego.syntax.remarks import remarks_of
from constraints.rego.syntax.rules import RuleParser
from constraints.rego.syntax.terms import kind_of
from constraints.rego.syntax.tree import Body, Import, Module, Ref, Rule, Scalar, Term, Var
from constraints.timing import OutOfTime

_ROOTS: Final = ("data", "future", "input", "rego")
_OWN: Final = "rego"  # what the builtins begin with that answer for the module itself
_FUTURE: Final = IMPORTED | {"not"}


def parse_module(source: Source, v1: bool = False) -> Module:
    """The tree of a module; raises CompileError. Without `v1` it is read as v0, as far as its imports do not say
    else.
    """
    parser: ModuleParser | None = None
    try:
        parser = ModuleParser(source, v1)
        return parser.module()
    except OutOfTime as error:
        if parser is not None:
            error.span, error.source = parser.span(), source.name
        raise
    except RecursionError:
        raise _too_deep(parser.span() if parser else None, source) from None


def parse_query(source: Source, v1: bool = False) -> Body:
    """The expressions of a query; raises CompileError."""
    parser = BodyParser(tokenize(source, KEYWORDS if v1 else ALWAYS), v1)
    try:
        return parser.query()
    except RecursionError:
        raise _too_deep(parser.span(), source) from None


def _too_deep(span: Span | None, source: Source) -> CompileError:
    return CompileError(f"rego_parse_error: {TOO_DEEP}", span=span, source=source.name, deep=True)


class ModuleParser(RuleParser):
    """Parses a whole file."""

    def __init__(self, source: Source, v1: bool) -> None:
        super().__init__(tokenize(source, KEYWORDS if v1 else ALWAYS), v1)
        self._reserved = KEYWORDS if v1 else ALWAYS  # which an import may not end with
        self._language: list[tuple[str, ...]] = []  # imports of the language itself
        self._imported: list[int] = []  # lines of all imports

    def module(self) -> Module:
        """Package, imports and rules up to the end."""
        if self.kind == EOF:
            self.fail("empty module")
        span = self.span()
        package: tuple[str, ...] = ()
        if self._begins("package"):
            package = self._package()
        else:
            self.misfits.append(self.error("package expected", span))
        imports: list[Import] = []
        rules: list[Rule] = []
        while self.kind != EOF:
            if self._begins("import"):
                imports += self._import()
            elif self._begins("package"):
                self.misfits.append(self.error("unexpected package", self.span()))
                self._package()
            else:
                rules += self.rules()
        for error in (*self.misfits, *(self.faults if self.v1 else ())):
            raise error
        source = self.tokens.source
        places = [(span.line, "package", -1), *((line, "import", -1) for line in self._imported)]
        places += [(rule.span.line, "rule", index) for index, rule in enumerate(rules)]
        remarks, asks = remarks_of(self.tokens, places), _OWN in source.text
        words = frozenset(self.tokens.words)
        return Module(package, tuple(imports), tuple(rules), source.name, self.v1, span, remarks, asks, words)

    def _begins(self, word: str) -> bool:
        """Whether a statement of this kind begins here; `import.x` is the name of a rule."""
        return self.kind == word and not self.word_is_name()

    def _package(self) -> tuple[str, ...]:
        self.at += 1
        return tuple(self._strings(self._path_term()))

    def _path_term(self) -> Term:
        """The term behind `package` or `import`; keywords may stand in it."""
        if self.kind in KEYWORDS:
            self.kinds[self.at] = NAME
        if self.kind != NAME:
            self.unexpected()
        return self.term()

    def _strings(self, term: Term) -> list[str]:
        """The parts of a path, the first a name, the others strings."""
        head, path = (term.head, term.path) if isinstance(term, Ref) else (term, ())
        if not isinstance(head, Var):
            self.fail(f"unexpected {kind_of(head)} token: expecting var", head.span)
        found = [head.name]
        for part in path:
            if not isinstance(part, Scalar) or not isinstance(part.value, str):
                self.fail(f"unexpected {kind_of(part)} token: expecting string", part.span)
            found.append(part.value)
        return found

    def _import(self) -> list[Import]:
        """One import; an import of the language itself takes effect and leaves nothing in the tree."""
        span = self.span()
        self._imported.append(span.line)
        self.at += 1
        path_span = self.span()
        path = tuple(self._strings(self._path_term()))
        if path[0] not in _ROOTS:
            roots = ", ".join(_ROOTS)
            self.fail(f"unexpected import path, must begin with one of: {{{roots}}}, got: {path[0]}", path_span)
        alias = self._alias() if self.accept("as") else ""
        if path[0] == "future":
            self._future(path, alias, path_span)
        elif not alias and path[-1] in self._reserved:
            self.fail(f"unexpected import path, must not end with a keyword, got: {path[-1]}", path_span)
        if path[0] == "rego":
            self._rego_v1(path, alias, path_span)
        if path[0] in ("data", "input"):
            return [Import(path, alias or path[-1], span)]
        self._language.append(path)
        return []

    def _alias(self) -> str:
        if self.kind != NAME:
            self.unexpected("expected var")
        alias = self.term()
        if not isinstance(alias, Var) or alias.name in ("data", "input"):
            self.unexpected("expected var")
        return alias.name

    def _future(self, path: tuple[str, ...], alias: str, span: Span) -> None:
        if path[1:2] != ("keywords",):
            self.fail("invalid import, must be `future.keywords`", span)
        if alias:
            self.fail("`future` imports cannot be aliased", span)
        words = _FUTURE
        if len(path) == 3:
            if path[2] not in _FUTURE:
                self.fail(f"unexpected keyword, must be one of [{' '.join(sorted(_FUTURE))}]", span)
            if path[2] == "not":
                self.negates_bodies = True  # and, in OPA too, all other words come with it
            else:
                words = frozenset((path[2], "in")) if path[2] == "every" else frozenset((path[2],))
        self.tokens.enable(words & IMPORTED, self.at + 1)

    def _rego_v1(self, path: tuple[str, ...], alias: str, span: Span) -> None:
        if path != ("rego", "v1"):
            self.fail(f"invalid import `{'.'.join(path)}`, must be `rego.v1`", span)
        if self.given_v1:
            return
        if alias:
            self.fail("`rego` imports cannot be aliased", span)
        self.v1 = True
        self.tokens.enable(IMPORTED, self.at + 1)
