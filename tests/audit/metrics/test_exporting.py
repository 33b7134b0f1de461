"""What is scraped of the export is what docs/metrics.md says."""

from __future__ import annotations

import re
from pathlib import Path

from exporting import RUN
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from audit.export.tally import Tally
from audit.metrics.exporting import ExportMetrics

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def scraped(tally: Tally) -> dict[str, tuple[str, float]]:
    registry = CollectorRegistry()
    registry.register(ExportMetrics(tally))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {sample.name: (family.type, sample.value) for family in families for sample in family.samples}


def test_every_family_is_documented_with_its_type() -> None:
    rows = re.findall(r"^\| `(kube_patrol_export_[a-z_]+)` \| (\w+) \| \|", PAGE.read_text(), re.MULTILINE)
    assert {name: kind for name, (kind, _) in scraped(Tally()).items()} == dict(rows)


def test_numbers_tell_what_became_of_messages() -> None:
    times = iter([100.0, 130.0])
    tally = Tally(lambda: next(times))
    tally.put(RUN, 5, dropped=2)
    tally.failed(5)
    tally.sent(RUN, 3)
    tally.holds(700)
    values = {name.removeprefix("kube_patrol_export_"): value for name, (_, value) in scraped(tally).items()}
    assert values == {
        "waiting": 2.0,
        "waiting_bytes": 700.0,
        "lag_seconds": 30.0,
        "sent_total": 3.0,
        "retried_total": 5.0,
        "spilled_total": 0.0,
        "dropped_total": 2.0,
    }
