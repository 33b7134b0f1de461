"""Which version of this program runs here."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def ours() -> str:
    """The version in pyproject.toml, `dev` where the package is not installed."""
    try:
        return version("kube-patrol")
    except PackageNotFoundError:
        return "dev"
