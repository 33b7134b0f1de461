"""Configurations for tests, as a command line and an environment make them."""

from __future__ import annotations

from audit.settings.arguments import parse, warnings
from audit.settings.config import Config


def configured(*arguments: str, **environ: str) -> Config:
    """What `patrol run` would be told by these."""
    values = parse(arguments, environ)
    return Config.of(values, warnings(values))
