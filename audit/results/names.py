"""The names of files of results (pure): `run-2026-11-21T01-50-39Z.jsonl`, and which run that is."""

from __future__ import annotations

import re
from typing import Final

from constraints.dataclass import dataclass

LATEST: Final = "latest"
_STAMP: Final = r"run-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:\.(\d{1,6}))?"
_FINAL: Final = re.compile(rf"{_STAMP}(\.partial)?\.jsonl(\.gz)?", re.ASCII)
_DRAFT: Final = re.compile(rf"\.({_STAMP})\.draft", re.ASCII)
_LINK: Final = re.compile(rf"\.{LATEST}\.({_STAMP})\.draft", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Stem:
    """What all names of one run begin with; runs that began in one second are numbered from 1."""

    stamp: str
    number: int = 1

    @classmethod
    def of(cls, audit_id: str, number: int = 1) -> Stem:
        """Of a run; colons are left out, for not every tool and file system takes them in a name."""
        return cls(audit_id.replace(":", "-"), number)

    def __str__(self) -> str:
        return f"run-{self.stamp}" + (f".{self.number}" if self.number > 1 else "")

    @property
    def draft(self) -> str:
        """The file while it is written; whoever has made it has the stem for itself."""
        return f".{self}.draft"

    @property
    def link(self) -> str:
        """The link that is to become `latest`."""
        return f".{LATEST}.{self}.draft"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a file that is whole; `partial` where the run did not come to its end."""

    stem: Stem
    partial: bool = False
    compressed: bool = False

    @classmethod
    def read(cls, name: str) -> Name | None:
        """None for a name that we do not give."""
        found = _FINAL.fullmatch(name)
        return cls(Stem(found[1], int(found[2] or 1)), bool(found[3]), bool(found[4])) if found else None

    def __str__(self) -> str:
        return f"{self.stem}{'.partial' * self.partial}.jsonl{'.gz' * self.compressed}"


def is_draft(name: str) -> bool:
    """Whether a file that was still written has such a name."""
    return _DRAFT.fullmatch(name) is not None


def is_link(name: str) -> bool:
    """Whether a link that was to become `latest` has such a name."""
    return _LINK.fullmatch(name) is not None
