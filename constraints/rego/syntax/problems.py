"""What the compiler refuses: collected by a pass, raised at its end as one CompileError in OPA's words."""

from __future__ import annotations

from typing import Final

from constraints.dataclass import dataclass
from constraints.errors import CompileError
from constraints.lang.source import Span

COMPILE: Final = "rego_compile_error"
PARSE: Final = "rego_parse_error"
UNSAFE: Final = "rego_unsafe_var_error"
TYPE: Final = "rego_type_error"
RECURSION: Final = "rego_recursion_error"

LIMIT: Final = 10  # as OPA's compiler (v1/ast/compile.go, CompileErrorLimitDefault)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, at a position."""

    source: str
    span: Span
    code: str
    text: str

    @property
    def message(self) -> str:
        """`rego_unsafe_var_error: var x is unsafe`."""
        return f"{self.code}: {self.text}"


class Problems:
    """The problems found so far."""

    def __init__(self) -> None:
        self.found: dict[Problem, None] = {}

    def add(self, code: str, text: str, span: Span, source: str = "") -> None:
        """Note one; the same one counts once."""
        self.found[Problem(source, span, code, text)] = None

    def check(self) -> None:
        """Raise what was found: the first problem with its place, then a line for each other one."""
        if not self.found:
            return
        first, *others = found = sorted(self.found)[:LIMIT]
        lines = [first.message, *(f"{other.source}:{other.span}: {other.message}" for other in others)]
        each = [CompileError(one.message, span=one.span, source=one.source) for one in found]
        raise CompileError("\n".join(lines), span=first.span, source=first.source, each=each)


def shown(name: str) -> str:
    """A variable as it was written: without the number that makes it unique, and `_` for a wildcard."""
    return "_" if name.startswith("$") else name.partition("#")[0]
