"""One audit in a process of its own, so that the peak of its memory is that of the product and of nothing else.

`python -m benchmarks.measured --kubeconfig=FILE [flags of patrol run]` prints one JSON object, see Measured.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.memory import mebibytes

from audit.aggregate import Phase, Summary
from audit.app import serve
from audit.errors import AuditError
from audit.ledger import Changes
from audit.model import RunInfo
from audit.settings.arguments import parse
from audit.settings.config import Config
from audit.verdicts import Reviewed

GAPS_SHOWN = 5
ALONE = ("--once", "--leader-elect=false", "--prometheus-port=0", "--health-addr=0")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one audit cost: seconds for each phase and in all, and the peak of its memory in MiB.

    `list` goes on in a thread of its own while the other phases do, so the phases add up to more than `seconds`.
    `gaps` should be zero: else something was not audited. `processor` and `wall` are seconds until the last page:
    behind it a run with an export waits until all is published.
    """

    phases: dict[str, float]
    seconds: float
    memory: float
    objects: int
    pods: int
    violations: int
    gaps: int
    processor: float = 0.0
    wall: float = 0.0


@dataclass(slots=True)
class SummarySink:
    """Keeps the summary of the run, and what the processor and the wall say from its start to its last page."""

    name: str = "benchmark"
    phase: Phase = "log"
    summaries: list[Summary] = field(default_factory=list)
    begun: tuple[float, float] = (0.0, 0.0)
    paged: tuple[float, float] = (0.0, 0.0)

    def start(self, info: RunInfo) -> None:
        """The run begins."""
        self.begun = time.process_time(), time.perf_counter()

    def page(self, reviewed: Reviewed) -> None:
        """It may be the last one."""
        self.paged = time.process_time(), time.perf_counter()

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Keep it."""
        self.summaries.append(summary)


def main(flags: Sequence[str]) -> int:
    """Audit once as `patrol run` does, and print what it cost; the exit code is that of the audit."""
    kept = SummarySink()
    try:
        code = serve(Config.of(parse([*ALONE, *flags], {})), kept)
    except AuditError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    summary = kept.summaries[-1]
    for message in list(dict.fromkeys(gap.message for gap in summary.gaps))[:GAPS_SHOWN]:
        sys.stderr.write(f"not audited: {message}\n")
    sys.stdout.write(json.dumps(asdict(measured(summary, kept))) + "\n")
    return code


def measured(summary: Summary, kept: SummarySink) -> Measured:
    """The measurements of the run that has just ended in this process."""
    return Measured(
        phases=dict(summary.phases),
        seconds=summary.seconds,
        memory=peak_memory(),
        objects=sum(kind.objects for kind in summary.kinds.values()),
        pods=sum(kind.objects for kind in summary.kinds.values() if kind.kind.kind == "Pod"),
        violations=summary.totals.total(),
        gaps=len(summary.gaps),
        processor=kept.paged[0] - kept.begun[0],
        wall=kept.paged[1] - kept.begun[1],
    )


def peak_memory() -> float:
    """The most memory that this process ever had, in MiB."""
    return mebibytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
