"""Puts together what writes policy reports: the sink, and how it hears of the policies of each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from threading import Event

from audit.kube.client import Client
from audit.policies.book import Loaded
from audit.reports.bodies import APIS
from audit.reports.book import Book
from audit.reports.reading import Shelf
from audit.reports.results import ReportChoice
from audit.reports.writing import EACH_WRITER, WITHIN, Rate, ReportWriter
from audit.settings.reports import ReportsConfig
from audit.sinks.reports import ReportsSink
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ReportMeans:
    """What reports are written with: the client, what ends it, and who counts them.

    `once`: no other run follows, so that all has to be written in the first.
    """

    client: Client
    stop: Event
    count: Callable[[Mapping[tuple[str, ...], int]], None]
    once: bool


def reporting(config: ReportsConfig, around: ReportMeans) -> ReportsSink:
    """The sink of this configuration."""
    choice = ReportChoice(frozenset(config.results), config.detail == "results")
    api, within = APIS[config.api], math.inf if around.once else WITHIN
    rate = Rate(EACH_WRITER * config.writers, around.stop.wait)
    writer = ReportWriter(around.client, api, choice, rate, around.stop.is_set, config.ttl, config.writers, within)
    shelf = Shelf(around.client.prompt(), api)
    return ReportsSink(Book(config.names, choice, config.ttl), shelf, writer, around.count)


def hearing(sink: ReportsSink, heard: Callable[[Loaded], None]) -> Callable[[Loaded], None]:
    """Lets the sink hear of policies, too."""

    def both(loaded: Loaded) -> None:
        heard(loaded)
        sink.policies(loaded.records, loaded.templates.records, not loaded.exclusion.unknown)

    return both
