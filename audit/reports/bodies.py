"""Reports as objects of the API, of either kind: how they are written, and what is read from them (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import orjson

from audit.model import Resource
from audit.reports.names import MANAGED_BY, OURS, ReportPlace, referred
from audit.reports.results import OUTCOMES, Contents, ReportResult, Since, Words, counted, read_words, written
from constraints import Kind, ObjectRef
from constraints.dataclass import dataclass
from constraints.model import Json, Object

AUDITED: Final = "kube-patrol/audited"
"""The annotation that says which run saw all of it last, where reports have a time to live."""
UNLISTED: Final = "kube-patrol/unlisted"
"""The annotation that has the words of results that are not listed."""
LARGEST: Final = 1_000_000
"""The most bytes of one report: an object of etcd may have 1.5 MiB, and managedFields come on top."""
_TEXTS: Final = ("policy", "rule", "result", "message", "category", "severity")
_NOT_OURS: Final = ("fieldPath", "resourceVersion")  # of a scope


@dataclass(frozen=True, slots=True)
class ReportApi:
    """One of the two APIs of reports; `sourced`: a report says itself who made it, and its results need not."""

    namespaced: Resource
    clusterwide: Resource
    sourced: bool = False

    def resource(self, place: ReportPlace) -> Resource:
        """Of which kind the reports at a place are."""
        return self.namespaced if place.namespace else self.clusterwide


WGPOLICY, OPENREPORTS = "wgpolicy", "openreports"
_WGPOLICY, _OPENREPORTS = ("wgpolicyk8s.io", "v1alpha2"), ("openreports.io", "v1alpha1")
APIS: Final[Mapping[str, ReportApi]] = {
    WGPOLICY: ReportApi(
        Resource(Kind(*_WGPOLICY, "PolicyReport"), "policyreports", True),
        Resource(Kind(*_WGPOLICY, "ClusterPolicyReport"), "clusterpolicyreports", False),
    ),
    OPENREPORTS: ReportApi(
        Resource(Kind(*_OPENREPORTS, "Report"), "reports", True),
        Resource(Kind(*_OPENREPORTS, "ClusterReport"), "clusterreports", False),
        sourced=True,
    ),
}


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """What reports are about, where they are, and the run that saw all of what they say last, if that is told."""

    item: ObjectRef
    place: ReportPlace
    audited: str = ""


def rendered(
    subject: ReportSubject, contents: Contents, api: ReportApi, largest: int = LARGEST
) -> list[dict[str, Json]]:
    """The reports that say it: one, or as many as it takes. Each counts its own results, the first one those that none
    lists.
    """
    source = {} if api.sourced else {"source": OURS}
    results = [source | _result(result, at) for result, at in contents.listed]
    words = contents.words
    room = largest - len(orjson.dumps(_report(subject, api, 1, [], words)))
    return [
        _report(subject, api, number, part, words if number == 1 else ())
        for number, part in enumerate(_parts(results, room), 1)
    ]


def _parts(results: Sequence[dict[str, Json]], room: int) -> Iterator[list[dict[str, Json]]]:
    part: list[dict[str, Json]] = []
    left = room
    for result in results:
        size = len(orjson.dumps(result)) + 1
        if size > left and part:
            yield part
            part, left = [], room
        part.append(result)
        left -= size
    yield part


def _report(
    subject: ReportSubject, api: ReportApi, number: int, results: list[dict[str, Json]], words: Words
) -> dict[str, Json]:
    item, place = subject.item, subject.place
    kind = api.resource(place).kind
    annotations = {AUDITED: subject.audited, UNLISTED: written(words)}
    metadata: dict[str, Json] = {
        "name": place.part(number),
        **({"namespace": place.namespace} if place.namespace else {}),
        "labels": {MANAGED_BY: OURS},
        "annotations": {name: text for name, text in annotations.items() if text},
        "ownerReferences": _owners(item),
    }
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": metadata,
        **({"source": OURS} if api.sourced else {}),
        "scope": _named(item)
        | ({"namespace": item.namespace} if item.namespace else {})
        | ({"uid": item.uid} if item.uid else {}),
        **({"results": results} if results else {}),
        "summary": _summary(results, words),
    }


def _named(item: ObjectRef) -> dict[str, Json]:
    return {"apiVersion": item.kind.api_version, "kind": item.kind.kind, "name": item.name}


def _owners(item: ObjectRef) -> list[Json]:
    """The object itself, so that its reports go with it."""
    return [_named(item) | {"uid": item.uid}] if item.uid else []


def _summary(results: Sequence[Json], words: Words) -> dict[str, int]:
    found = counted((each["result"] for each in results), words)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def _result(result: ReportResult, at: Since) -> dict[str, Json]:
    texts = {name: text for name in _TEXTS if (text := getattr(result, name))}
    seconds, nanos = at
    return texts | {
        "scored": result.scored,
        "timestamp": {"seconds": seconds, "nanos": nanos},
        "properties": dict(result.properties),
    }


def patch(report: Object, version: str) -> dict[str, Json]:
    """What makes another state of a report, that of this resourceVersion, say the same: nothing else of it changes."""
    metadata = report["metadata"]
    annotations = {name: metadata["annotations"].get(name) for name in (AUDITED, UNLISTED)}
    changed: dict[str, Json] = {"source": report["source"], "configuration": None} if "source" in report else {}
    changed |= {
        "metadata": {
            "resourceVersion": version,
            "labels": metadata["labels"],
            "annotations": annotations,
            "ownerReferences": metadata["ownerReferences"] or None,
        },
        "scope": dict.fromkeys((*_NOT_OURS, "namespace", "uid")) | report["scope"],
        "scopeSelector": None,
        "results": report.get("results"),
        "summary": report["summary"],
    }
    return changed


def says(found: Object, report: Object) -> bool:
    """Whether a report as it was read says all that another one does, and nothing else that `patch` would change."""
    metadata, wanted = found["metadata"], report["metadata"]
    annotations = metadata.get("annotations") or {}
    ours = {name: text for name, text in annotations.items() if name in (AUDITED, UNLISTED)}
    fields = ("scope", "results", "summary", "source", "scopeSelector", "configuration")
    return (
        ours == wanted["annotations"]
        and (metadata.get("ownerReferences") or []) == wanted["ownerReferences"]
        and all((found.get(name) or None) == (report.get(name) or None) for name in fields)
    )


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What a report says that was read; `whole`: it may be one that we have written, down to its numbers."""

    item: ObjectRef | None
    contents: Contents
    audited: str = ""
    whole: bool = False
    version: str = ""


def read(report: Object, place: ReportPlace) -> ReadReport:
    """What a report of ours says, whatever somebody has made of it."""
    metadata = report["metadata"]
    annotations = metadata.get("annotations") if isinstance(metadata.get("annotations"), dict) else {}
    rows, said = report.get("results"), annotations.get(UNLISTED)
    results = [each for row in rows if (each := _read_result(row))] if isinstance(rows, list) else []
    words = read_words(said) if isinstance(said, str) else ()
    audited = annotations.get(AUDITED)
    item = _read_scope(report.get("scope"), place)
    found = ReadReport(
        item,
        Contents(tuple(results), words),
        audited if isinstance(audited, str) else "",
        version=str(metadata.get("resourceVersion") or ""),
    )
    return found if item is None else _checked(found, report, item)


def _checked(found: ReadReport, report: Object, item: ObjectRef) -> ReadReport:
    """Numbers, words, owner and scope have to be those that follow from the rest; then it is whole."""
    contents = found.contents
    numbers = contents.counted()
    results = report.get("results") or []
    whole = (
        report.get("summary") == {outcome: numbers[outcome] for outcome in OUTCOMES}
        and isinstance(results, list)
        and len(contents.listed) == len(results)
        and (report["metadata"].get("ownerReferences") or []) == _owners(item)
    )
    return ReadReport(item, contents, found.audited, whole, found.version)


def owner_of(metadata: Object, place: ReportPlace) -> ObjectRef | None:
    """What a report of ours is about, as far as its metadata tells."""
    owners = metadata.get("ownerReferences")
    owner = owners[0] if isinstance(owners, list) and owners else None
    return _read_scope(owner, place)


def _read_scope(scope: Json, place: ReportPlace) -> ObjectRef | None:
    if not isinstance(scope, dict):
        return None
    version, kind = scope.get("apiVersion"), scope.get("kind")
    if not (isinstance(version, str) and isinstance(kind, str)):
        return None
    return referred(Kind.of(version, kind), scope, place.namespace)


def _read_result(row: Json) -> tuple[ReportResult, Since] | None:
    if not isinstance(row, dict) or row.get("result") not in OUTCOMES:
        return None
    texts = {name: text if isinstance(text := row.get(name), str) else "" for name in _TEXTS}
    given, stamp = (each if isinstance(each := row.get(name), dict) else {} for name in ("properties", "timestamp"))
    properties = tuple(sorted((name, text) for name, text in given.items() if isinstance(text, str)))
    seconds, nanos = (number if isinstance(number := stamp.get(name), int) else 0 for name in ("seconds", "nanos"))
    return ReportResult(**texts, scored=row.get("scored") is True, properties=properties), (seconds, nanos)
