"""`rego.parse_module`: a module as the JSON that OPA makes of its tree (facts: v1/ast/policy.go and term.go)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeGuard

from constraints.errors import CompileError, EvaluationError
from constraints.lang.source import Source
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import as_bytes, string
from constraints.rego.syntax.heads import parts_of
from constraints.rego.syntax.lexer import Tokens
from constraints.rego.syntax.parser import ModuleParser
from constraints.rego.syntax.termorder import in_order, pairs_in_order, rank
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Head,
    Import,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
    With,
)
from constraints.rego.syntax.walk import ROOTS
from constraints.rego.values.kinds import Value, is_number
from constraints.rego.values.sizes import spend, too_deep

_PARSED: Final = 200
"""Steps for a character: it is read, and its token becomes some nodes of the tree and then some objects."""

_UNSHOWN: Final = "rego.parse_module: a module that imports future.keywords.not cannot be shown"
_COMMENT: Final = re.compile(r"#([^\n]*)")
_TRUE: Final = {"type": "boolean", "value": True}

Node = dict[str, Any]


@builtin("rego.parse_module", "string", "string", result="object[string:any]", pure=False)
def parse_module(filename: Value, rego: Value) -> Value:
    """The tree of a module in the syntax of v1; the file's name stands in errors and at comments."""
    name, text = string(filename, 1), string(rego, 2)
    spend(len(text) * _PARSED)
    try:
        parser = _Parser(Source(name, text), v1=True)
        module = parser.module()
        if parser.negates_bodies:
            raise EvaluationError(_UNSHOWN, code="eval_builtin_error")
        return _Writer(text).module(module.package, parser.written, module.rules) | _comments(parser.tokens)
    except CompileError as error:
        line = error.span.line if error.span else 1
        raise BuiltinError(f"1 error occurred: {name}:{line}: {error.message}") from error
    except RecursionError:
        raise too_deep() from None


class _Parser(ModuleParser):
    """Keeps all imports, with an alias only where one was written."""

    def __init__(self, source: Source, v1: bool) -> None:
        super().__init__(source, v1)
        self.written: list[Import] = []
        self._named = ""

    def _import(self) -> list[Import]:
        before, self._named = len(self._language), ""
        found = super()._import()
        paths = [one.path for one in found] or self._language[before:]
        self.written += [Import(path, self._named) for path in paths]
        return found

    def _alias(self) -> str:
        self._named = super()._alias()
        return self._named


def _comments(tokens: Tokens) -> Node:
    found = [
        {
            "Text": base64.b64encode(as_bytes(text)).decode(),
            "Location": {"file": tokens.source.name, "row": row, "col": col},
        }
        for row, col, text in _commented(tokens)
    ]
    return {"comments": found} if found else {}


def _commented(tokens: Tokens) -> Iterator[tuple[int, int, str]]:
    text = tokens.source.text
    row, at = 1, 0
    for end, start in zip((0, *tokens.ends), tokens.starts, strict=False):
        for comment in _COMMENT.finditer(text, end, start):
            row += text.count("\n", at, comment.start())
            at = comment.start()
            yield row, at - text.rfind("\n", 0, at), comment[1].removesuffix("\r")


class _Writer:
    """Nodes of the tree to objects; `text` tells how template strings are written."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.wildcards: dict[str, str] = {}
        self.count = 0

    def module(self, package: Sequence[str], imports: Sequence[Import], rules: Sequence[Rule]) -> Node:
        found: Node = {"package": {"path": _path(("data", *package))}}
        if imports:
            found["imports"] = [self.imported(one) for one in imports]
        if rules:
            found["rules"] = [self.rule(rule) for rule in rules]
        return found

    def imported(self, one: Import) -> Node:
        found: Node = {"path": {"type": "ref", "value": _path(one.path)}}
        return {**found, "alias": one.alias} if one.alias else found

    def rule(self, rule: Rule, first: Rule | None = None) -> Node:
        """A branch behind `else` begins with a copy of the `first` one's head."""
        first = first or rule
        found: Node = {"head": self.head(rule.head, first), "body": self.body(rule.body)}
        if rule.default:
            found["default"] = True
        if rule.else_ is not None:
            self.wildcards.clear()  # those of the arguments are new ones there
            found["else"] = self.rule(rule.else_, first)
        return found

    def head(self, head: Head, rule: Rule) -> Node:
        path = self.terms(head.path)
        first = {"type": "var", "value": path[0]["value"]}
        found: Node = {"ref": [first, *path[1:]]}
        if head.args is not None:
            found["args"] = self.terms(head.args)
        if len(path) == 1:
            found["name"] = first["value"]
        elif len(path) == 2 and not head.contains and not rule.default:
            found |= _two_parts(rule, path)
        if head.key is not None:
            found["key"] = self.term(head.key)
        if not head.contains:
            found["value"] = _TRUE if head.value is None else self.term(head.value)
        if head.assign:
            found["assign"] = True
        return found

    def body(self, body: Body) -> list[Node]:
        written = body or (Expr(Scalar(True)),)
        return [self.statement(one, index) for index, one in enumerate(written)]

    def statement(self, expr: Expr, index: int) -> Node:
        found: Node = {"index": index, "terms": self.said(expr.what)}
        if expr.negated:
            found["negated"] = True
        if expr.withs:
            found["with"] = [self.modified(one) for one in expr.withs]
        return found

    def modified(self, one: With) -> Node:
        return {"target": self.term(one.target), "value": self.term(one.value)}

    def said(self, what: Term | SomeDecl | SomeIn | Every) -> Any:
        if isinstance(what, Call):
            return [_function(what.name), *self.terms(what.args)]
        if isinstance(what, SomeDecl):
            return {"symbols": self.terms(what.names)}
        if isinstance(what, SomeIn):
            args = (what.value, what.domain) if what.key is None else (what.key, what.value, what.domain)
            return {"symbols": [self.term(Call(f"internal.member_{len(args)}", args))]}
        if isinstance(what, Every):
            key = None if what.key is None else self.term(what.key)
            value, domain = self.terms((what.value, what.domain))
            return {"key": key, "value": value, "domain": domain, "body": self.body(what.body)}
        return self.term(what)

    def terms(self, terms: Sequence[Term]) -> list[Node]:
        return [self.term(term) for term in terms]

    def term(self, term: Term) -> Node:
        if isinstance(term, Scalar):
            return _scalar(term.value)
        if isinstance(term, Var):
            return self.variable(term)
        if isinstance(term, Comprehension):
            return self.comprehension(term)
        kind, value = self.composite(term)
        return {"type": kind, "value": value}

    def variable(self, var: Var) -> Node:
        if var.name in ROOTS:
            return {"type": "ref", "value": [{"type": "var", "value": var.name}]}
        if not var.is_wildcard:
            return {"type": "var", "value": var.name}
        if var.name not in self.wildcards:
            self.wildcards[var.name] = f"${self.count}"
            self.count += 1
        return {"type": "var", "value": self.wildcards[var.name]}

    def composite(self, term: Term) -> tuple[str, Any]:
        if isinstance(term, Ref):
            head = _path((term.head.name,))[0] if _is_root(term.head) else self.term(term.head)
            return "ref", [head, *self.terms(term.path)]
        if isinstance(term, Call):
            return "call", [_function(term.name), *self.terms(term.args)]
        if isinstance(term, ArrayTerm):
            return "array", self.terms(term.items)
        if isinstance(term, SetTerm):
            return "set", self.terms(list({rank(one): one for one in in_order(term.items)}.values()))
        if isinstance(term, ObjectTerm):
            pairs = {rank(pair[0]): pair for pair in pairs_in_order(term)}
            return "object", [self.terms(pair) for pair in pairs.values()]
        assert isinstance(term, TemplateString)  # the parser makes no others
        written = self.lines[term.span.line - 1][term.span.column : term.span.column + 1]
        parts = [self.part(part) for part in term.parts]
        return "templatestring", {"multi_line": written == "`", "parts": parts or None}

    def part(self, part: str | Term) -> Node:
        if isinstance(part, str | Scalar):
            return _scalar(part.value if isinstance(part, Scalar) else part)
        if isinstance(part, Ref) and isinstance(part.head, Comprehension):
            value, bound = part.head.value, part.head.body[0]
            if bound.withs and isinstance(bound.what, Call) and bound.what.args[0] is value:  # the parser's own
                return self.statement(replace(bound, what=bound.what.args[1]), 0)
        return self.statement(Expr(part), 0)

    def comprehension(self, term: Comprehension) -> Node:
        value: Node = {"term": self.term(term.value), "body": self.body(term.body)}
        if term.key is not None:
            value = {"key": self.term(term.key), "value": value["term"], "body": value["body"]}
        return {"type": f"{term.kind}comprehension", "value": value}


def _two_parts(rule: Rule, path: Sequence[Node]) -> Node:
    """What heads like `p[x]` and `p.x` have besides: rules that are older than others have a name and a key."""
    head, found = rule.head, Node()
    if not rule.body and head.args is not None:
        return found
    if not rule.body or (head.value is not None and head.value.span != head.span):  # one that was written
        found["name"] = path[0]["value"]
    if not rule.body or (head.args is None and _is_key(head.path[1])):
        found["key"] = path[1]
    return found


def _is_key(term: Term) -> bool:
    return isinstance(term, Ref) or _is_root(term) or not _is_ground(term)


def _is_ground(term: Term) -> bool:
    """Whether OPA sees no variable in a term."""
    if isinstance(term, Comprehension):
        said = [one.what for one in term.body if not isinstance(one.what, SomeDecl | SomeIn | Every)]
        return all(_is_ground(one) for one in (term.value, *said)) and (term.key is None or _is_ground(term.key))
    if isinstance(term, Var | TemplateString):
        return _is_root(term)
    return all(map(_is_ground, parts_of(term)))


def _is_root(term: Term) -> TypeGuard[Var]:
    return isinstance(term, Var) and term.name in ROOTS


def _scalar(value: Value) -> Node:
    if value is None:
        return {"type": "null", "value": {}}
    kind = "boolean" if isinstance(value, bool) else "number" if is_number(value) else "string"
    return {"type": kind, "value": value}


def _function(name: str) -> Node:
    return {"type": "ref", "value": _path(name.split("."))}


def _path(parts: Sequence[str]) -> list[Node]:
    first, *others = parts
    return [{"type": "var", "value": first}, *map(_scalar, others)]
