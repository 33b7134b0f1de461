"""One process that audits again and again, and the policy reports that it leaves in a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builders import POD, constraint, record, summary
from storedreports import StoredReports

from audit.ledger import NO_CHANGES
from audit.model import ConstraintRecord, RunInfo
from audit.reports.bodies import APIS, WGPOLICY
from audit.reports.book import Book
from audit.reports.names import PREFIXED
from audit.reports.reading import Shelf
from audit.reports.results import ReportChoice
from audit.reports.writing import Rate, ReportWriter
from audit.sinks.reports import ReportsSink
from audit.verdicts import Reviewed, Verdict, identity
from constraints import Constraint, Gap, Kind, ObjectRef, Violation

ONE, TWO, WARNS = constraint("one"), constraint("two"), constraint("warns", action="warn", actions=("warn",))
ALL = (ONE, TWO, WARNS)
NAMESPACE = Kind("", "v1", "Namespace")
Said = tuple[str, str]  # a constraint's key and a message; an empty one is a pass
Objects = Mapping[ObjectRef, Sequence[Said]]


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def pod(number: int, namespace: str = "ns", kind: Kind = POD) -> ObjectRef:
    return ObjectRef(kind, "" if kind == NAMESPACE else namespace, f"p{number}", uid(number))


def verdict(item: ObjectRef, said: Sequence[Said], gaps: tuple[Gap, ...] = ()) -> Verdict:
    by_key = {each.key: each for each in ALL}
    broken = [Violation(by_key[key], item, text, {}, by_key[key].action) for key, text in said if text]
    matched = tuple(sorted({key for key, _ in said} | {gap.policy for gap in gaps}))
    return Verdict(item, None, matched, tuple(broken), gaps)


@dataclass
class Trial:
    """One process that audits again and again, and the reports that it leaves in `server`."""

    server: StoredReports = field(default_factory=StoredReports)
    choice: ReportChoice = field(default_factory=ReportChoice)
    naming: str = PREFIXED
    api: str = WGPOLICY
    ttl: int = 0
    runs: int = 0
    fates: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        api = APIS[self.api]
        rate = Rate(1e9, lambda seconds: None)
        writer = ReportWriter(self.server.client, api, self.choice, rate, lambda: False, self.ttl, 2)
        book, shelf = Book(self.naming, self.choice, self.ttl), Shelf(self.server.client, api)
        self.sink = ReportsSink(book, shelf, writer, self.fates.update)

    def run(
        self,
        objects: Objects,
        records: Iterable[ConstraintRecord] = tuple(map(record, ALL)),
        *,
        others: Iterable[ObjectRef] = (),
        excluded: Iterable[ObjectRef] = (),
        pages: Iterable[Reviewed] = (),
        **more: Any,
    ) -> int:
        """One run that finds this; gives how many writes it took. Raises what the sink raises."""
        self.runs += 1
        info = RunInfo.at(1_795_216_641.0 + 60 * self.runs)
        records = tuple(records)
        self.server.verbs()
        self.sink.start(info)
        self.sink.policies(records, (), more.pop("excludes", True))
        for page in (*_pages(objects, tuple(others), tuple(excluded)), *pages):
            self.sink.page(page)
        self.sink.finish(replace(summary(*records), info=info, **more), NO_CHANGES)
        return self.server.writes()

    def said(self) -> dict[str, list[tuple[str, str, str]]]:
        """Policy, result and message of each result, by what the reports are about."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for report in self.server.reports().values():
            rows = [(r["policy"], r["result"], r.get("message", "")) for r in report.get("results", ())]
            found.setdefault(report["scope"]["name"], []).extend(rows)
        return found

    def report(self, number: int = 1) -> dict[str, Any]:
        [found] = [r for r in self.server.reports().values() if r["scope"]["name"] == f"p{number}"]
        return found


def _pages(objects: Objects, others: tuple[ObjectRef, ...], excluded: tuple[ObjectRef, ...]) -> Iterable[Reviewed]:
    for kind in dict.fromkeys(item.kind for item in (*objects, *others, *excluded)):
        verdicts = tuple(verdict(item, said) for item, said in objects.items() if item.kind == kind)
        out, rest = ([i for i in items if i.kind == kind] for items in (excluded, others))
        names = tuple(identity(item.namespace, item.name, item.uid) for item in (*out, *rest))
        yield Reviewed(kind, verdicts, len(verdicts) + len(names), len(out), others=names)


def broken(of: Constraint) -> ConstraintRecord:
    """A constraint that cannot be enforced."""
    return replace(record(of), constraint=None)


PASSES: Objects = {pod(1): [(ONE.key, ""), (TWO.key, "")]}
FAILS: Objects = {pod(1): [(ONE.key, "bad"), (TWO.key, "")]}


KEPT = frozenset({"fail", "error"})


def foreign(name: str, **labels: str) -> dict[str, Any]:
    """A report of another engine."""
    return {
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "PolicyReport",
        "metadata": {"name": name, "namespace": "ns", "labels": {"app.kubernetes.io/managed-by": "kyverno", **labels}},
        "scope": {"kind": "Pod", "name": "p1"},
        "summary": {"fail": 1},
    }


def timeless(trial: Trial) -> dict[tuple[str, str], dict[str, Any]]:
    found = trial.server.reports()
    for report in found.values():
        for result in report.get("results", ()):
            result.pop("timestamp", None)
        report["metadata"].get("annotations", {}).pop("kube-patrol/audited", None)
        report["metadata"].setdefault("annotations", {})
        if not report.get("results"):
            report.pop("results", None)
    return found
