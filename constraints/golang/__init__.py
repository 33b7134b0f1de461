"""What Go's library does to text, written once: one module for each of its packages, or part of one."""

from __future__ import annotations


class GoError(ValueError):
    """What Go's library says of a text that it refuses."""
