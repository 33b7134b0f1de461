"""Every module and query of OPA's suite and every template of the library parse; the data is in ../shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from beside import LIBRARY, REGO

from constraints.lang.source import Source
from constraints.rego.syntax.parser import parse_module, parse_query

SUITES = sorted(REGO.glob("*.json"))
TEMPLATES = sorted(LIBRARY.glob("*/*/template.yaml"))


@pytest.mark.beside(REGO)
def test_the_modules_and_queries_of_the_suite_are_v1() -> None:
    cases = [case for path in SUITES for case in json.loads(path.read_text())["cases"]]
    for case in cases:
        for text in case.get("modules") or ():
            assert parse_module(Source(case["note"], text), v1=True).v1
        assert parse_query(Source(case["note"], case["query"]), v1=True)


@pytest.mark.beside(LIBRARY)
def test_the_templates_of_the_library_are_v0() -> None:
    for path in TEMPLATES:
        for text in _texts(yaml.safe_load(path.read_text())):
            assert parse_module(Source(path.parent.name, text)).rules


def _texts(template: dict[str, Any]) -> Iterator[str]:
    for target in template["spec"]["targets"]:
        sources = [code["source"] for code in target.get("code", ()) if code["engine"] == "Rego"]
        for source in [target, *sources]:
            yield from filter(None, [source.get("rego"), *source.get("libs", ())])
