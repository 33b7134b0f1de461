"""The tree of a Rego module: what the parser builds, the passes rewrite and the code generator reads.

Nodes are frozen, for the type checker; a pass makes new ones with `dataclasses.replace`. Every node has the span of its
first character.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from constraints.dataclass import value
from constraints.lang.source import Span

NOWHERE = Span(0, 0)


@value
class Scalar:
    """null, true, false, a number (int, float or Decimal) or a string."""

    value: Any
    span: Span = field(default=NOWHERE, compare=False)


@value
class Var:
    """A name, also `input` and `data` alone. The parser gives each `_` a name of its own, `$1`, `$2`, ...

    After `resolve`: a local variable has a name unique in its rule or query (`x`, `x#2`), `input` and `data` are roots.
    """

    name: str
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def is_wildcard(self) -> bool:
        """Whether it was written `_`."""
        return self.name.startswith("$")


@value
class Ref:
    """`head[path0][path1]...`; `a.b` is the path with Scalar("b"). The head is a Var, a Call or a composite.

    After `resolve` a reference to a rule or to data has the head Var("data") and its full path.
    """

    head: Term
    path: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class Call:
    """A function or operator on its arguments.

    `name` is dotted: a builtin (`plus`, `eq` for =, `assign` for :=, `equal` for ==, `neq`, `lt`, `lte`, `gt`, `gte`,
    `minus`, `mul`, `div`, `rem`, `and`, `or`, `internal.member_2`, `internal.member_3`, `sprintf`, ...) or, after
    `resolve`, a function of a module by its full path (`data.lib.f`). `eq` and `assign` stand only at the top of an
    Expr.
    """

    name: str
    args: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class ArrayTerm:
    """`[a, b]`."""

    items: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class ObjectTerm:
    """`{k: v}`."""

    pairs: tuple[tuple[Term, Term], ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class SetTerm:
    """`{a, b}` or `set()`."""

    items: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class Comprehension:
    """`[value | body]`, `{value | body}` and `{key: value | body}`; `kind` is array, set or object."""

    kind: str
    value: Term
    body: Body
    key: Term | None = None
    span: Span = field(default=NOWHERE, compare=False)


@value
class TemplateString:
    """`$"text {term}"`: parts are strings and terms; an undefined term prints as `<undefined>`."""

    parts: tuple[str | Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class FunctionName:
    """A function that is named and not called, in `with f as g`: `resolve` makes it, `name` is as in a Call."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)


Term = Scalar | Var | Ref | Call | ArrayTerm | ObjectTerm | SetTerm | Comprehension | TemplateString | FunctionName


@value
class With:
    """`with target as value`: the target is a reference below input or data, or a function's name (a Ref or Var)."""

    target: Term
    value: Term
    span: Span = field(default=NOWHERE, compare=False)


@value
class SomeDecl:
    """`some x, y`."""

    names: tuple[Var, ...]
    span: Span = field(default=NOWHERE, compare=False)


@value
class SomeIn:
    """`some v in xs` and `some k, v in xs`: k and v are patterns whose variables are declared here."""

    key: Term | None
    value: Term
    domain: Term
    span: Span = field(default=NOWHERE, compare=False)


@value
class Every:
    """`every v in xs { body }` and `every k, v in xs { body }`."""

    key: Var | None
    value: Var
    domain: Term
    body: Body
    span: Span = field(default=NOWHERE, compare=False)


@value
class Expr:
    """One statement of a body."""

    what: Term | SomeDecl | SomeIn | Every
    negated: bool = False
    withs: tuple[With, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


Body = tuple[Expr, ...]


@value
class Head:
    """What a rule defines, below its package: `path` as it was written (`p`, `p.q[x].r`), and one of these.

    Names in `path` are Scalars, the first one too: `p.q[x]` is (Scalar("p"), Scalar("q"), Var("x")).

    complete: `value` (Scalar(True) where not written), `args` None. function: `args` are patterns.
    partial set: `contains` True, `key` the member. partial object / multi-value rule with a variable in its path: the
    variables stand in `path`, `value` is what is there. `p[x] { ... }` of v0 is a partial set (contains), `p[k] = v` a
    path (p, k) with the value v. `assign` tells `:=` from `=`.
    """

    path: tuple[Term, ...]
    args: tuple[Term, ...] | None = None
    key: Term | None = None
    value: Term | None = None
    contains: bool = False
    assign: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@value
class Rule:
    """One definition; several with the same path make one rule. `else_` is tried when no body of the rule holds.

    `body` is empty where nothing was written (`p := 1`). Chained bodies (`p { a } { b }`) are separate Rules.
    """

    head: Head
    body: Body = ()
    default: bool = False
    else_: Rule | None = None
    span: Span = field(default=NOWHERE, compare=False)


@value
class Import:
    """`import data.lib.x as y`: `path` without the alias; `alias` is the last part where none was written.

    `rego.v1` and `future.keywords` end at the parser and never stand here.
    """

    path: tuple[str, ...]
    alias: str
    span: Span = field(default=NOWHERE, compare=False)


@value
class Remark:
    """A `# METADATA` comment: the YAML below its first line, and what it stands `before`: package, import, rule or
    nothing.

    `rule` is the index of that rule in its module.
    """

    text: str
    before: str
    rule: int = -1
    span: Span = field(default=NOWHERE, compare=False)


@value
class Module:
    """One file: `package` without `data`, e.g. ("lib", "helpers"); `v1` tells which syntax it was read as.

    `asks`: it may call `rego.metadata.rule` or the like, which give back the `remarks`. `words`: the names and keywords
    that are written in it; what is not among them need not be looked for.
    """

    package: tuple[str, ...]
    imports: tuple[Import, ...]
    rules: tuple[Rule, ...]
    source: str = ""
    v1: bool = False
    span: Span = field(default=NOWHERE, compare=False)
    remarks: tuple[Remark, ...] = ()
    asks: bool = False
    words: frozenset[str] = field(default=frozenset(), compare=False)
