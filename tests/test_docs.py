"""What the documents name is there, and what is there is documented."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from audit.app import assemble
from audit.demo import load, sample_objects
from audit.embedded import EmbeddedCluster, Fault
from audit.export.command import main as patrol_export
from audit.gator import main as patrol_test
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.metrics.registry import Metrics
from audit.metrics.requests import Requests
from audit.model import Outcome
from audit.outcomes import EXIT_CODES
from audit.process.leading import Duty
from audit.results.command import ResultsFlags
from audit.results.command import main as patrol_results
from audit.settings.config import AuditConfig, ClusterConfig, Config
from audit.settings.flags import BY_NAME
from audit.settings.rows import rows

ROOT = Path(__file__).parent.parent
MAPS = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *MAPS, *sorted((ROOT / "docs").glob("*.md"))]
NAME = re.compile(r"\b(?:gatekeeper|kube_patrol)_[a-z][a-z_]*[a-z]\b")
FAMILY = re.compile(r"^\| `([a-z_]+)` \| (gauge|counter|histogram) \|(.*?)\|", re.MULTILINE)
SOURCE = re.compile(r'"((?:gatekeeper|kube_patrol)_[a-z_]+)"')
NO_METRICS = {"gatekeeper_internal_", "kube_patrol"}  # names that begin like those of metrics

PLACE = re.compile(
    r"^(?:(?:audit|constraints|tests)/)?[a-z_]+(?:/[a-z_]+)*(?:\.py)?$"
)  # of a file or folder in backticks
CODE = re.compile(r"`([^`\n]+)`")
LONG_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9_-]+")
VARIABLE = re.compile(r"\bPATROL_[A-Z][A-Z_]*[A-Z]\b")
CITED = re.compile(r"[cC]ompatibility, sections? (\d[\d.]*\b)(?:,? and (\d[\d.]*\b))?")
Families = dict[str, tuple[str, frozenset[str]]]


@pytest.fixture(scope="module")
def documented() -> Families:
    """Type and labels of each family in docs/metrics.md, by the name that a scrape has."""
    rows = FAMILY.findall((ROOT / "docs" / "metrics.md").read_text())
    return {name: (kind, frozenset(re.findall(r"`([a-z_]+)`", labels))) for name, kind, labels in rows}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """What is scraped after two runs of the samples, the second with something that could not be listed."""
    folder, requests = tmp_path_factory.mktemp("served"), Requests()
    metrics = Metrics(requests)
    with EmbeddedCluster() as cluster:
        load(cluster, sample_objects())
        connection = connect(Access(kubeconfig=str(cluster.kubeconfig(folder / "kubeconfig"))))
        client = Client(connection, on_request=requests.count, clock=Clock(sleep=lambda seconds: None))
        config = Config(AuditConfig(cache_dir=str(folder / "cache")), cluster=ClusterConfig(leader_elect=False))
        auditor = assemble(config, client, metrics, Duty(Event()))
        auditor.run()
        cluster.faults.append(Fault("/api/v1/pods", status=403))
        auditor.run()
        connection.close()
    found: Families = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
        found[family.name + "_total" * (family.type == "counter")] = family.type, labels
    return {name: family for name, family in found.items() if not name.startswith("process_")}


def test_every_family_that_is_served_is_documented_with_its_type_and_labels(
    served: Families, documented: Families
) -> None:
    assert {name: documented.get(name) for name in served} == served


def test_every_name_of_a_metric_in_the_source_is_documented(documented: Families) -> None:
    names = {name for path in (ROOT / "audit").rglob("*.py") for name in SOURCE.findall(path.read_text())}
    assert {name for name in names if {name, f"{name}_total"}.isdisjoint(documented)} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_metric_that_a_document_names_exists(path: Path, documented: Families) -> None:
    named = set(NAME.findall(path.read_text())) - NO_METRICS
    prefixes = {name.removesuffix("_total") for name in documented}
    missing = {name for name in named if name not in documented and name not in prefixes}
    assert {name for name in missing if not any(known.startswith(f"{name}_") for known in prefixes)} == set()


def test_every_documented_family_is_in_the_source(documented: Families, served: Families) -> None:
    names = {name for path in (ROOT / "audit").rglob("*.py") for name in SOURCE.findall(path.read_text())}
    assert {
        name for name in documented if {name, name.removesuffix("_total")}.isdisjoint(names | served.keys())
    } == set()


def test_every_outcome_is_documented_with_its_exit_code() -> None:
    text = (ROOT / "docs" / "outcomes.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| *(\d?) *\|", text, re.M)
    codes = {outcome.value: str(code) for outcome, code in EXIT_CODES.items() if outcome is not Outcome.NOT_LEADER}
    assert dict(rows) == {**codes, "not_leader": ""}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_flag_and_variable_that_a_document_names_exists(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (patrol_test, patrol_results, patrol_export):
        with suppress(SystemExit):
            command(["--help"])
    known = {f"--{name}" for name in BY_NAME} | set(LONG_FLAG.findall(capsys.readouterr().out))
    inline = " ".join(CODE.findall(path.read_text()))
    assert set(LONG_FLAG.findall(inline)) - known - {"--x"} == set()
    assert set(VARIABLE.findall(inline)) - {flag.variable for flag in BY_NAME.values()} == set()


def test_every_flag_of_results_is_documented() -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    assert [row.name for _, row in rows(ResultsFlags()) if f"`--{row.name}`" not in text] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_each_section_that_the_source_cites_is_there() -> None:
    there = set(re.findall(r"^##+ (\d+(?:\.\d+)?)", (ROOT / "docs" / "compatibility.md").read_text(), re.MULTILINE))
    sources = [path for room in ("audit", "constraints", "tests") for path in (ROOT / room).rglob("*.py")]
    numbers = {number for path in sources for row in CITED.findall(path.read_text()) for number in row if number}
    assert numbers >= {"4.1", "8.1"}
    assert numbers <= there


def test_sections_are_those_of_a_document_that_readers_have() -> None:
    elsewhere = re.compile(r"\bcontract,? (?:sections? )?\d", re.IGNORECASE)
    sources = [path for room in ("audit", "constraints", "tests", "docs") for path in (ROOT / room).rglob("*.*")]
    texts = {path: path.read_text() for path in sources if path.suffix in {".py", ".md"}}
    assert [path for path, text in texts.items() if elsewhere.search(text)] == []


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.name)
def test_every_place_that_a_map_names_exists(path: Path) -> None:
    named = {code for code in CODE.findall(path.read_text()) if "/" in code and PLACE.match(code)}
    starts = [ROOT, ROOT / "audit", ROOT / "constraints", ROOT / "constraints" / "rego"]
    ends = ("", ".py")
    missing = [n for n in named if not any((start / f"{n}{end}").exists() for start in starts for end in ends)]
    assert named
    assert missing == []


def test_the_map_tells_of_every_room_and_of_what_stands_beside_them() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {folder.parent for package in ("audit", "constraints") for folder in (ROOT / package).rglob("__init__.py")}
    names = {room.name for room in rooms if room.relative_to(ROOT).parts[0] != room.name}
    modules = {
        path.stem for room in ("audit", "constraints", "constraints/rego") for path in (ROOT / room).glob("*.py")
    }
    assert {name for name in names | modules - {"__init__"} if f"`{name}`" not in text} == set()
