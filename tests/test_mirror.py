"""The tests mirror the packages: the test of `X/y.py` is `tests/X/test_y.py`, or a suite that covers more holds it."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGES = ("audit", "constraints")

COVERED = {  # a suite, in words -> the rooms and modules without a test of their own that it covers
    "conformance/test_cel.py: every expression of cel-spec and of Kubernetes; constraints/cel/test_edges.py and others": {
        "constraints.cel",
        "constraints.drivers.celexact",
        "constraints.drivers.celpolicy",
        "constraints.drivers.celquestions",
    },
    "conformance/test_rego.py: OPA's own cases; differential/test_agrees.py: random ones; constraints/rego by subject": {
        "constraints.lang.pycode",
        "constraints.lang.source",
        "constraints.rego.builtins",
        "constraints.rego.codegen",
        "constraints.rego.explain",
        "constraints.rego.flat",
        "constraints.rego.index",
        "constraints.rego.policy",
        "constraints.rego.query",
        "constraints.rego.reads",
        "constraints.rego.runtime",
        "constraints.rego.syntax",
        "constraints.rego.values",
    },
    "constraints/rego/test_refused.py: what OPA refuses, in its words": {
        "constraints.rego.checks",
        "constraints.rego.names",
        "constraints.rego.types",
    },
    "constraints/golang/test_answers.py: what Go's library answers": {"constraints.golang"},
    "constraints/test_template.py: what a template may hold": {
        "constraints.fields",
        "constraints.schemarules",
        "constraints.structural",
    },
    "constraints/test_engine.py: what an engine says of an object": {
        "constraints.answers",
        "constraints.model",
        "constraints.timing",
    },
    "test_gaps_page.py: every error has its reason": {"audit.errors", "constraints.errors"},
    "cluster/test_server.py: what a real server answers; audit/embedded by what a client asks": {"audit.embedded"},
    "audit/gator/test_gator.py: what a user sees; differential/test_prints.py: what gator prints": {"audit.gator"},
    "audit/kube/test_replies.py: whatever a server replies": {
        "audit.gojson",
        "audit.kube.connection",
        "audit.kube.deadline",
        "audit.kube.definitions",
        "audit.kube.items",
        "audit.kube.refused",
    },
    "audit/sinks/test_events.py: what becomes of Events that are due": {
        "audit.events.notices",
        "audit.events.reasons",
        "audit.events.telling",
        "audit.events.writing",
    },
    "audit/sinks/test_events.py and audit/sinks/test_reports.py: what is refused and what is tried no more": {
        "audit.kube.hope"
    },
    "audit/sinks/test_reports.py: what reports say after any runs, whatever became of their requests": {
        "audit.reports.book",
        "audit.reports.reading",
        "audit.reports.standing",
        "audit.reports.writing",
    },
    "audit/test_reports_of_runs.py: whole audits that write policy reports": {"audit.reporting"},
    "audit/metrics/test_registry.py: what is scraped after runs": {"audit.metrics", "audit.sinks.metrics"},
    "audit/test_exporting.py: whole audits that export to where Connections say": {
        "audit.export",
        "audit.policies.connections",
    },
    "audit/results/test_command.py: what a user asks of the files of results": {"audit.results"},
    "audit/settings/test_flags.py: every row is a flag and a variable, and its value stands at its place": {
        "audit.extent",
        "audit.settings.flagtypes",
        "audit.settings.reports",
        "audit.settings.rows",
        "audit.settings.values",
    },
    "audit/sources/test_manifests.py: files as gator reads them": {"audit.sources.documents"},
    "audit/test_app.py: whole runs against the embedded cluster": {
        "audit.auditor",
        "audit.controller.bypod",
        "audit.guard",
        "audit.policies.surroundings",
        "audit.preparing",
    },
    "audit/test_main.py: the command as a process": {
        "audit.demo",
        "audit.process.early",
        "audit.version",
    },
}


def modules() -> set[str]:
    """Those with code of their own, by their dotted names."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}


def place_of_test(module: str) -> Path:
    """Where the test of a module belongs."""
    *rooms, name = module.split(".")
    return TESTS.joinpath(*rooms, f"test_{name.strip('_')}.py")


WITHOUT = {module for module in modules() if not place_of_test(module).exists()}
"""The modules that have no test of their own."""
NAMED = {name for names in COVERED.values() for name in names}


def within(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def test_every_module_has_a_test_of_its_own_or_a_suite_that_covers_it() -> None:
    assert sorted(module for module in WITHOUT if not any(within(module, place) for place in NAMED)) == []


def test_whatever_a_suite_is_named_for_needs_it() -> None:
    assert sorted(place for place in NAMED if not any(within(module, place) for module in WITHOUT)) == []


def test_the_suites_are_there() -> None:
    named = {path for suite in COVERED for path in re.findall(r"\S+\.py", suite)}
    assert sorted(path for path in named if not (TESTS / path).exists()) == []


def test_every_folder_of_tests_is_that_of_a_room() -> None:
    folders = {path.parent for package in PACKAGES for path in (TESTS / package).rglob("test_*.py")}
    assert sorted(str(folder) for folder in folders if not (ROOT / folder.relative_to(TESTS)).is_dir()) == []
