"""The house stands: rooms know only the rooms below them, in no circle, and the pure package stays pure."""

from __future__ import annotations

import ast

import pytest
from sourcecode import (
    PACKAGES,
    ROOT,
    Graph,
    circles,
    files,
    imported,
    known,
    lifted,
    module,
    statements,
)

BASE = {"constraints.errors", "constraints.fields", "constraints.golang", "constraints.lang", "constraints.model"}
VALUES = {"constraints", "constraints.model", "audit.model", "audit.errors"}
ANYWHERE = {"constraints.dataclass"}  # what takes the place of a part of the standard library
MAY_IMPORT: dict[str, set[str]] = {  # room -> rooms that it may know; it always knows itself
    "constraints.dataclass": set(),
    "constraints.golang": set(),  # besides the standard library
    "constraints.lang": set(),
    "constraints.errors": {"constraints.lang"},
    "constraints.model": set(),
    "constraints.fields": BASE,
    "constraints.inventory": BASE | {"constraints.review"},
    "constraints.wildcard": BASE,
    "constraints.selectors": BASE,
    "constraints.actions": BASE,
    "constraints.structural": BASE | {"constraints.schema", "constraints.schemarules"},
    "constraints.schemarules": BASE | {"constraints.schema"},
    "constraints.formats": set(),
    "constraints.schema": BASE | {"constraints.formats"},
    "constraints.review": BASE,
    "constraints.match": BASE | {"constraints.review", "constraints.selectors", "constraints.wildcard"},
    "constraints.template": BASE | {"constraints.review", "constraints.schema", "constraints.structural"},
    "constraints.crd": BASE | {"constraints.template"},
    "constraints.constraint": BASE
    | {"constraints.actions", "constraints.crd", "constraints.review", "constraints.schema", "constraints.template"},
    "constraints.cel": {"constraints.golang", "constraints.lang", "constraints.model"},
    "constraints.rego": BASE | {"constraints.timing"},  # its own rooms: REGO, below
    "constraints.drivers": BASE
    | {"constraints.cel", "constraints.inventory", "constraints.rego", "constraints.review", "constraints.timing"},
    "constraints.answers": BASE,
    "constraints.rules": BASE | {"constraints.drivers", "constraints.inventory"},
    "constraints.asking": BASE
    | {
        "constraints.answers",
        "constraints.inventory",
        "constraints.match",
        "constraints.review",
        "constraints.rules",
        "constraints.timing",
    },
    "constraints.engine": BASE
    | {
        "constraints.answers",
        "constraints.asking",
        "constraints.constraint",
        "constraints.drivers",
        "constraints.inventory",
        "constraints.match",
        "constraints.review",
        "constraints.rules",
        "constraints.template",
        "constraints.timing",
    },
    "constraints.timing": {"constraints.lang", "constraints.model"},
    "audit.model": {"constraints", "constraints.model"},
    "audit.errors": set(),
    "audit.exclusion": VALUES | {"constraints.wildcard"},
    "audit.reviewing": VALUES
    | {
        "audit.exclusion",
        "audit.verdicts",
        "constraints.asking",
        "constraints.rules",
        "constraints.inventory",
        "constraints.review",
    },
    "audit.version": set(),
    "audit.verdicts": VALUES | {"audit.version"},
    "audit.guard": set(),
    "audit.gojson": {"audit.errors", "constraints.golang", "constraints.model"},
    "audit.extent": set(),
    "audit.fields": VALUES,
    "audit.plan": VALUES,
    "audit.tracking": VALUES,
    "audit.aggregate": VALUES | {"audit.fields", "audit.verdicts"},
    "audit.ledger": VALUES | {"audit.aggregate", "audit.standing", "audit.verdicts"},
    "audit.standing": VALUES | {"audit.aggregate", "audit.fields"},
    "audit.outcomes": VALUES | {"audit.aggregate"},
    "audit.run": VALUES
    | {"audit.aggregate", "audit.outcomes", "audit.reviewing", "audit.sources", "audit.sinks"}
    | {"audit.guard", "audit.ledger", "audit.standing", "audit.verdicts"},
    "audit.export": VALUES  # the settings are for its command
    | {
        "audit.aggregate",
        "audit.duration",
        "audit.extent",
        "audit.fields",
        "audit.guard",
        "audit.ledger",
        "audit.logs",
        "audit.outcomes",
        "audit.repeats",
        "audit.settings",
    },
    "audit.exporting": VALUES | {"audit.controller", "audit.export", "audit.policies", "audit.repeats"},
    "audit.loop": set(),
    "audit.process": {"audit.errors", "audit.guard", "audit.kube", "audit.model"},
    "audit.repeats": set(),
    "audit.duration": {"constraints.golang"},
    "audit.settings": {"audit.duration", "audit.errors", "audit.extent"},
    "audit.logs": VALUES | {"audit.fields", "audit.settings", "audit.verdicts", "constraints.golang"},
    "audit.kube": VALUES | {"audit.gojson", "audit.repeats", "audit.version"},
    # The one way to answer over HTTP is shared; of the rest of audit.web it knows nothing.
    "audit.embedded": VALUES | {"audit.web.runner", "constraints.schema", "constraints.structural"},
    "audit.sources": VALUES
    | {"audit.gojson", "audit.kube", "audit.plan", "audit.tracking", "constraints.golang", "constraints.lang"},
    "audit.policies": VALUES
    | {"audit.exclusion", "audit.export.connection", "audit.guard", "audit.kube", "audit.tracking"}
    | {"constraints.crd", "constraints.drivers", "constraints.errors", "constraints.timing"},
    "audit.controller": VALUES
    | {"audit.export.connection", "audit.export.publishing", "audit.guard", "audit.kube"}
    | {"constraints.crd", "constraints.errors"},
    "audit.preparing": VALUES
    | {
        "audit.controller",
        "audit.kube",
        "audit.plan",
        "audit.policies",
        "audit.reviewing",
        "audit.run",
        "audit.sources",
    },
    "audit.auditor": VALUES
    | {"audit.aggregate", "audit.metrics", "audit.outcomes", "audit.preparing"}
    | {"audit.process", "audit.run", "audit.sinks"},
    "audit.results": VALUES
    | {"audit.aggregate", "audit.fields", "audit.logs", "audit.outcomes", "audit.settings", "audit.standing"}
    | {"audit.verdicts", "audit.version"},
    "audit.metrics": VALUES | {"audit.aggregate", "audit.export.tally", "audit.fields", "audit.outcomes"},
    "audit.events": VALUES | {"audit.aggregate", "audit.fields", "audit.kube", "audit.ledger", "audit.standing"},
    "audit.reports": VALUES
    | {"audit.aggregate", "audit.fields", "audit.kube", "audit.outcomes", "audit.standing", "audit.verdicts"}
    | {"constraints.crd", "constraints.match", "constraints.review"},
    "audit.reporting": {"audit.kube", "audit.policies", "audit.reports", "audit.settings", "audit.sinks"},
    "audit.sinks": VALUES
    | {
        "audit.events",
        "audit.outcomes",
        "audit.aggregate",
        "audit.duration",
        "audit.export",
        "audit.extent",
        "audit.fields",
        "audit.guard",
        "audit.kube",
    }
    | {
        "audit.ledger",
        "audit.logs",
        "audit.metrics",
        "audit.repeats",
        "audit.reports",
        "audit.results",
        "audit.verdicts",
    },
    "audit.web": {"audit.errors", "audit.settings"},
    "audit.hooks": {
        "audit.duration",
        "constraints",
        "constraints.drivers",
        "constraints.errors",
        "constraints.inventory",
        "constraints.lang",
        "constraints.model",
        "constraints.rego",
        "constraints.timing",
    },
    "audit.gator": VALUES
    | {"audit.duration", "audit.hooks", "audit.process.lasting", "audit.settings", "audit.sources"}
    | {
        "constraints.drivers",
        "constraints.errors",
        "constraints.golang",
        "constraints.inventory",
        "constraints.review",
    },
    "audit.explain": {
        "audit.errors",
        "audit.gator",
        "audit.hooks",
        "audit.settings",
        "audit.sources",
        "constraints",
        "constraints.drivers",
        "constraints.template",
    },
    "audit.cli": {
        "audit.process.lasting",
        "audit.app",
        "audit.demo",
        "audit.errors",
        "audit.explain",
        "audit.export.command",
        "audit.gator",
        "audit.results",
        "audit.settings",
    },
    "audit.__main__": {"audit.cli", "audit.process"},
}
REGO = ("values", "syntax", "builtins", "names", "runtime", "flat", "checks", "types", "index", "reads", "codegen")
"""The rooms of constraints.rego: each may know those before it, and never the modules beside the rooms, its door."""
REGO_OWN_FILES = 8
WITHIN: Graph = {  # a room within a room -> what it may know there besides itself; of other rooms what all may know there
    "constraints.cel.library": {
        *("arithmetic", "equality", "failures", "maps", "operators", "overloads", "runtime", "types", "values"),
    },
    "constraints.cel.emitters": {
        *("constants", "costs", "emitter", "layout", "library", "maps", "overloads", "pycode", "syntax", "types"),
        "values",
    },
    "constraints.cel.exact": {
        *("check", "constants", "costs", "failures", "library", "maps", "overloads", "runtime", "syntax", "values"),
    },
    "constraints.rego.builtins.pki": {"", "encoding", "gojson", "operands"},
    "constraints.rego.codegen.rewrites": {"operand", "tree"},
}
WRITES = {"create_object", "delete_object", "merge_patch", "update_object"}
SENDING = {  # what sends requests that change something in the cluster -> who may know it
    "audit.kube.lease": {"audit.app", "audit.process"},
    "audit.kube.patch": {"audit.app", "audit.controller", "audit.sinks"},
    "audit.events.writing": {"audit.app", "audit.events", "audit.sinks"},
    "audit.controller.crds": {"audit.controller", "audit.demo"},
    "audit.reports.writing": {"audit.reporting", "audit.reports", "audit.sinks"},
}
KNOWS_EVERYTHING = {"audit.app", "audit.demo"}
FRONT_DOORS = {"constraints"}  # known to strangers by the names in its __init__ only
IMPURE = {"asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "random", "shutil", "socket", "subprocess"}
IMPURE |= {"tempfile", "threading", "time", "urllib"}
PURE_PARTS = {"urllib.parse"}  # text only
OF_THREADS = {"constraints.lang.stack", "constraints.lang.weighed", "constraints.rego.values.sizes"}
"""They hold what belongs to the process or to a thread, and start none."""


def room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def allows(target: str, allowed: set[str]) -> bool:
    inside = tuple(f"{name}." for name in allowed - FRONT_DOORS)
    return target in allowed or target.startswith(inside)


def test_no_modules_know_each_other_in_a_circle_not_even_late_or_for_types() -> None:
    assert circles(known()) == set()


def test_no_rooms_know_each_other_in_a_circle() -> None:
    assert circles(lifted(known(), room)) == set()


def test_circles_are_found_whatever_their_size_and_what_leads_into_them_is_none() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": {"e"}, "e": {"f"}, "f": {"d"}, "g": set()}
    assert circles(graph) == {frozenset("bc"), frozenset("def")}
    assert circles(lifted(graph, lambda name: "x" if name in "bd" else name)) == {frozenset("xcef")}


def test_every_room_says_what_it_may_know() -> None:
    rooms = {room(module(path)) for path in files()} - KNOWS_EVERYTHING - set(PACKAGES)
    assert sorted(rooms) == sorted(MAY_IMPORT)


def test_a_module_imports_only_rooms_that_its_room_may_know() -> None:
    found = [
        f"{module(path)}: {name}"
        for path in files()
        for name in imported(path)
        if name.split(".")[0] in PACKAGES
        if (here := room(module(path))) in MAY_IMPORT and not allows(name, {here, *MAY_IMPORT[here], *ANYWHERE})
    ]
    assert found == []


@pytest.mark.parametrize("place", REGO)
def test_a_room_of_rego_knows_only_the_rooms_before_it(place: str) -> None:
    allowed = {f"constraints.rego.{name}" for name in REGO[: REGO.index(place) + 1]}
    folder = ROOT / "constraints" / "rego" / place
    ours = {(module(f), n) for f in folder.rglob("*.py") for n in imported(f) if n.startswith("constraints.rego")}
    assert sorted((here, n) for here, n in ours if not allows(n, allowed)) == []


@pytest.mark.parametrize("place", sorted(WITHIN))
def test_a_room_within_a_room_knows_few_of_the_modules_around_it(place: str) -> None:
    around = place.rpartition(".")[0]
    rooms = {place, *(f"{around}.{name}" for name in WITHIN[place] if name)}
    itself = {around} if "" in WITHIN[place] else set()
    inside = {
        (n, target) for n, targets in known().items() if allows(n, {place}) for target in targets & within(around)
    }
    assert sorted((n, target) for n, target in inside if target not in itself and not allows(target, rooms)) == []


def within(room: str) -> set[str]:
    return {name for name in known() if allows(name, {room})}


def test_every_room_within_a_room_has_its_rule() -> None:
    around = {"constraints.cel", *(f"constraints.rego.{name}" for name in REGO)}
    folders = {module(f) for f in files() if f.name == "__init__.py"}
    assert {name for name in folders if name.rpartition(".")[0] in around} == WITHIN.keys()


def test_only_the_controller_the_sinks_and_the_lease_write_to_the_cluster() -> None:
    froms = [(f, n) for f in files() for n in statements(f) if isinstance(n, ast.ImportFrom)]
    users = {module(f) for f, n in froms if n.module == "audit.kube.request" and WRITES & {a.name for a in n.names}}
    assert users == SENDING.keys()
    knows = {(name, target) for name, targets in known().items() for target in targets if target in SENDING}
    assert [(name, target) for name, target in sorted(knows) if not allows(name, SENDING[target])] == []


def test_a_request_that_changes_something_in_the_cluster_is_built_at_one_place() -> None:
    kube = "audit.kube.request"
    paths = [f for f in files() if kube in known()[module(f)] | {module(f)}]
    trees = {module(f): ast.walk(ast.parse(f.read_text())) for f in paths}
    methods = {"POST", "PUT", "PATCH", "DELETE"}
    found = {name for name, nodes in trees.items() for n in nodes if isinstance(n, ast.Constant) and n.value in methods}
    assert found == {kube}


def test_every_folder_of_rego_is_a_room_and_few_files_stand_beside_them() -> None:
    rego = ROOT / "constraints" / "rego"
    assert {path.parent.name for path in rego.glob("*/__init__.py")} == set(REGO)
    assert len(list(rego.glob("*.py"))) <= REGO_OWN_FILES


def test_constraints_never_imports_audit() -> None:
    assert [
        f for f in files() if f.is_relative_to(ROOT / "constraints") for n in imported(f) if n.split(".")[0] == "audit"
    ] == []


def test_constraints_touches_neither_network_nor_disk_nor_clock_nor_threads() -> None:
    found = {
        f"{module(f)}: {name}"
        for f in files()
        if f.is_relative_to(ROOT / "constraints")
        for name in imported(f)
        if name.split(".")[0] in IMPURE and name not in PURE_PARTS
        if not (name == "threading" and module(f) in OF_THREADS)
    }
    assert found == set()


def test_sinks_do_not_know_each_other() -> None:
    found = {
        f"{module(f)}: {name}"
        for f in (ROOT / "audit" / "sinks").glob("*.py")
        for name in imported(f)
        if name.startswith("audit.sinks.") and name != module(f)
    }
    assert found == set()
