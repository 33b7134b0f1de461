"""What a driver does: one file for each, and one row in `audit.export.drivers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from audit.export.memo import Memo
from audit.export.records import Messages
from constraints.dataclass import dataclass

Secrets = Callable[[str], Mapping[str, bytes]]
"""The data of a Secret in the Pod's namespace, by its name. Raises ExportError, which shows nothing of it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a driver knows besides its config: the channel, who reads Secrets, the environment variables, and what the
    process before this one has left it.
    """

    channel: str
    secrets: Secrets
    environ: Mapping[str, str]
    memo: Memo = field(default_factory=Memo)


@dataclass(frozen=True, slots=True)
class Advance:
    """How many of the first messages are with the target, those among them counted that it will never take; and why it
    will not, a text for each of these.
    """

    number: int
    refused: Sequence[str] = ()


class Driver(Protocol):
    """Publishes messages of runs to one target; used by one thread.

    A call that cannot do what it is asked for raises ExportError and has done nothing of it, as far as the target lets
    it tell; then the driver is closed, opened again some time later, and the call repeated. No text of an error and no
    line of the log may show a secret.
    """

    name: str

    def open(self, resuming: str) -> None:
        """Make ready. Of the run `resuming`, empty for none, more messages are to come although it began earlier."""

    def publish(self, run: str, messages: Messages) -> Advance:
        """Publish some messages of a run, each the JSON of one object, in their order. As `lines` they cost least.

        After a second or so it gives back how far it came, at least one message, and is called again with the others.
        """

    def end(self, run: str) -> None:
        """All messages of the run were published, its end message among them. Doing it twice does no harm."""

    def close(self, for_good: bool) -> None:
        """Let go of everything, raising nothing; `for_good`: the Connection is gone, and nobody will open this
        again.
        """
