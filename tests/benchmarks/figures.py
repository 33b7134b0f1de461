"""What a measurement gives: a figure beside that of a peer, the claim about it, and tables of such figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Sides = tuple[str, str]
SIDES: Sides = ("kube-patrol", "peer")
SMALL = 1e-3  # seconds; below them figures are told in microseconds


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of a figure: its words, and the test of ours and the peer's number (0 without a peer)."""

    words: str
    holds: Callable[[float, float], bool]
    needs_peer: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of ours beside the peer's; None where there is no peer. `show` writes either of them."""

    what: str
    ours: float
    peer: float | None
    claim: Claim
    show: Callable[[float], str]

    @property
    def ratio(self) -> str:
        """How many times smaller or larger ours is; both numbers are costs."""
        if self.peer is None:
            return "-"
        times = self.peer / self.ours
        return f"{times:.1f}x less" if times >= 1 else f"{1 / times:.2f}x more"

    @property
    def held(self) -> str:
        """Whether the claim holds, in a word."""
        if self.claim.needs_peer and self.peer is None:
            return "skipped"
        return "yes" if self.claim.holds(self.ours, self.peer or 0) else "NO"


def less(times: float) -> Claim:
    """Ours is at least that many times less than the peer's."""
    return Claim(f"at least {times:g}x less", lambda ours, peer: ours * times <= peer)


def at_most(times: float) -> Claim:
    """Ours is at most that many times the peer's."""
    return Claim(f"at most {times:g}x", lambda ours, peer: ours <= peer * times)


def below(limit: float, show: Callable[[float], str]) -> Claim:
    """Ours is below a number, whatever the peer's is."""
    return Claim(f"below {show(limit)}", lambda ours, _peer: ours < limit, needs_peer=False)


def seconds(value: float) -> str:
    """A time with its unit."""
    if value < SMALL:
        return f"{value * 1e6:.1f} us"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


def mebibytes(value: float) -> str:
    """An amount of memory with its unit."""
    return f"{value:.0f} MiB"


def octets(value: float) -> str:
    """A small amount of memory with its unit."""
    return f"{value:.0f} bytes"


def cells(figure: Figure) -> tuple[str, ...]:
    """The row of a figure, in the order of `columns`."""
    peer = "-" if figure.peer is None else figure.show(figure.peer)
    return (figure.what, figure.show(figure.ours), peer, figure.ratio, figure.claim.words, figure.held)


def columns(sides: Sides) -> tuple[str, ...]:
    """The names of the columns, of which two are those that are compared."""
    return ("figure", *sides, "ratio", "claim", "held")


def plain(figures: Sequence[Figure], sides: Sides = SIDES) -> str:
    """A table for people at a terminal."""
    rows = [columns(sides), *map(cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in rows)


def markdown(figures: Iterable[Figure], sides: Sides = SIDES) -> str:
    """The same table for a README."""
    named = columns(sides)
    rule = ("---", *("---:" for _ in named[1:-1]), "---")
    return "\n".join(f"| {' | '.join(row)} |" for row in (named, rule, *map(cells, figures)))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join((first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)))
