"""Which policy reports to write: the flags of `audit.reports`."""

from __future__ import annotations

from audit.settings.flagtypes import (
    LIFETIME,
    OUTCOMES,
    PARALLEL,
    REPORT_DETAIL,
    REPORT_NAMES,
    REPORT_RESULTS,
    REPORTS,
)
from audit.settings.rows import flag
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ReportsConfig:
    """Which policy reports to write, if any, and what is in them."""

    api: str = flag(
        "policy-reports",
        "off",
        REPORTS,
        "a report for each object: PolicyReports of wgpolicyk8s.io or Reports of openreports.io; see docs/policy-reports.md",
    )
    names: str = flag(
        "policy-report-names",
        "prefixed",
        REPORT_NAMES,
        "kube-patrol- and the object's uid, or the uid alone as others do",
    )
    results: tuple[str, ...] = flag(
        "report-results", OUTCOMES, REPORT_RESULTS, "results that make and fill a report; it counts the others, too"
    )
    detail: str = flag(
        "policy-reports-detail", "results", REPORT_DETAIL, "list the results in a report, or only count them"
    )
    writers: int = flag(
        "report-writers", 4, PARALLEL, "reports written side by side; each writer sends 25 requests a second at most"
    )
    ttl: int = flag(
        "report-ttl", 0, LIFETIME, "how long results stand in reports that no audit can see again; 0 is for ever"
    )

    @property
    def wanted(self) -> bool:
        """Whether there are reports."""
        return self.api != "off"
