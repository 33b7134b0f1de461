"""CEL, compiled to Python: what `a.b == c` in a policy says about one object."""

from __future__ import annotations

from constraints.cel.compiler import PLACES, Compiled, Compiler, Loaded
from constraints.cel.failures import Failure, Invalid

__all__ = ["PLACES", "Compiled", "Compiler", "Failure", "Invalid", "Loaded"]
