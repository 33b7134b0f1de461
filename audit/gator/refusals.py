"""A template that is refused, in gator's words, which have lines but no columns."""

from __future__ import annotations

from constraints.errors import CompileError, ModuleError, PolicyError

REGO = "rego_"  # how OPA's own codes begin


def refused(error: PolicyError) -> str:
    """What gator says of the same template: the step at which it is refused, how many errors, and each with its
    line.
    """
    if not isinstance(error, CompileError) or not _in_rego(error):
        return str(error)
    step = "invalid ConstraintTemplate" if isinstance(error, ModuleError) else "unable to compile modules"
    if not all(one.message.startswith(REGO) for one in error.each):
        return f"{step}: {error.message}"
    each = [f"{_line(one)}: {one.message}" for one in error.each]
    return f"{step}: 1 error occurred: {each[0]}" if len(each) == 1 else "\n".join([_several(step, len(each)), *each])


def place(error: PolicyError) -> str:
    """`at 3:8`, the line and column of the first error; empty where there is none."""
    return f"at {error.span}" if isinstance(error, CompileError) and error.span else ""


def _in_rego(error: CompileError) -> bool:
    return isinstance(error, ModuleError) or error.message.startswith(REGO)


def _several(step: str, number: int) -> str:
    return f"{step}: {number} errors occurred:"


def _line(error: CompileError) -> str:
    source = error.source.rpartition("/")[2]
    return f"{source}:{error.span.line}" if error.span else source
