"""Random policies and objects as files, and what `gator test` and `patrol test` print of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

FORMATS = ("text", "json", "yaml")
_TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: {name}}}
spec:
  crd:
    spec:
      names: {{kind: {kind}}}
      validation:
        openAPIV3Schema:
          type: object
          properties:
            num: {{type: number, default: 3}}
            any: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: {engine}
      source: {source}
"""
_SPEC = "input.review.object.spec"
POLICIES = {
    "Echo": f'violation[{{"msg": sprintf("%v", [{_SPEC}.m]), "details": {_SPEC}.d[_]}}] {{ true }}',
    "Same": f'violation[{{"msg": "same"}}] {{ {_SPEC} }}\nviolation[{{"msg": "same", "details": input.parameters}}] {{ {_SPEC}.d }}',
    "Whole": f'violation[{{"msg": json.marshal({_SPEC}), "details": {{"a": {_SPEC}.m, "s": {{1, "x", {_SPEC}.m}}}}}}] {{ true }}',
    "Nothing": f'violation[{{"msg": sprintf("%v", [[{_SPEC}]]), "details": null}}] {{ true }}',
    "Fail": 'f(x) = 1 { x > 0 }\nf(x) = 2 { x > 1 }\nviolation[{"msg": sprintf("%v", [f(input.parameters.num)])}] { true }',
}
CEL = [
    {"expression": "has(object.spec.nope)", "message": "cel"},
    {"expression": "!has(object.spec.m)", "messageExpression": "string(object.spec.m)"},
]
TEXTS = (
    *(
        "",
        "a",
        "x y",
        " x",
        "x ",
        "yes",
        "null",
        "~",
        "1",
        "1.0",
        "0x1f",
        "1e3",
        "-",
        "- a",
        ": b",
        "a: b",
        "a #b",
        "#",
    ),
    *(
        "'q'",
        '"d"',
        "a\nb",
        "a\nb\n",
        "\n",
        "a\n\n",
        " a\nb",
        "a\tb",
        "\t",
        "é",
        "😀",
        "\u2028",
        "\x85",
        "\x7f",
        "\x01",
    ),
    *("\xa0", "\ufeff", "<&>", "a" * 130, "2001-01-01", "12:30", ".inf", "=", "<<", "!x", "&a", "*a", "?", "? a", "|"),
    *(">", "@", "`", "%", "[a]", "{a}", "a,b", "a]", "true", "Y", "No", "0b1", "0o7", "_1", "1_0", "\\", "a\\b", "\r"),
    *("a\rb", "\u200b", "\ue000", "\ufffd", "\U000e0001", "٣", "a²"),
)
NUMBERS = (
    *(
        0,
        1,
        -1,
        1.5,
        -0.0,
        1e6,
        1e21,
        1e20,
        123456789,
        12345678.9,
        1e-7,
        0.0001,
        1e300,
        2**53 + 1,
        2**63,
        2**64,
        -(2**63),
    ),
    *(3.0, 100000, 999999, 1000000, 0.1, 1e-5),
)


def value(chance: Random, depth: int = 0) -> Any:
    kind = chance.random()
    if kind < 0.75:
        return chance.choice(TEXTS if kind < 0.45 else NUMBERS)
    if kind < 0.85 or depth > 2:
        return chance.choice((True, False, None))
    if kind < 0.93:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    keys = (*TEXTS, "k1", "k10", "k2", "a1b", "a-1", "a_b", "A")
    return {chance.choice(keys): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}


def reviewed(chance: Random, at: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": chance.choice((f"o{at}", f"o{at}", chance.choice(TEXTS), at))}
    if chance.random() < 0.5:
        metadata["namespace"] = chance.choice(("default", "x", chance.choice(TEXTS)))
    if chance.random() < 0.3:
        metadata["labels"] = value(chance)
    made: dict[str, Any] = {
        "apiVersion": chance.choice(("v1", "v1", "apps/v1", "odd")),
        "kind": chance.choice(("Pod", "Pod", "Service", chance.choice(TEXTS) or "K")),
        "metadata": metadata,
        "spec": {"m": value(chance), "d": [value(chance) for _ in range(chance.randint(0, 4))]},
    }
    if chance.random() < 0.3:
        made[chance.choice(TEXTS)] = value(chance)
    return made


def constraint(chance: Random, kind: str, at: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": f"c{at}"},
    }
    if chance.random() < 0.2:
        return made
    spec = made["spec"] = {}
    if chance.random() < 0.5:
        spec["enforcementAction"] = chance.choice(("deny", "warn", "dryrun", "odd"))
    if chance.random() < 0.5:
        spec["parameters"] = chance.choice(({}, {"num": 0}, {"num": 2}, {"num": 1.5, "any": {"z": value(chance)}}))
    if chance.random() < 0.3:
        spec["match"] = chance.choice(
            ({"kinds": [{"apiGroups": ["*"], "kinds": ["Pod"]}]}, {"namespaceSelector": {"matchLabels": {"a": "b"}}})
        )
    if chance.random() < 0.2:
        scoped = {"action": chance.choice(("deny", "warn")), "enforcementPoints": [{"name": "*"}]}
        spec |= {"enforcementAction": "scoped", "scopedEnforcementActions": [scoped]}
    return made


def documents(chance: Random) -> Iterator[str]:
    kinds = chance.sample((*POLICIES, "Cel"), chance.choice((1, 1, 2)))
    for kind in kinds:
        source = {"validations": CEL} if kind == "Cel" else {"rego": f"package p\n{POLICIES[kind]}\n"}
        engine = "K8sNativeValidation" if kind == "Cel" else "Rego"
        yield _TEMPLATE.format(name=kind.lower(), kind=kind, engine=engine, source=json.dumps(source))
    made = [constraint(chance, chance.choice(kinds), at) for at in range(chance.choice((1, 2, 3)))]
    made += [reviewed(chance, at) for at in range(chance.choice((1, 2, 3, 8, 30)))]
    if chance.random() < 0.3:
        made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {"a": "b"}}})
    yield from (_yaml(document) for document in made)


def _yaml(document: dict[str, Any]) -> str:
    """JSON that YAML reads alike: what YAML does not take as it is stands escaped, and only that."""
    text = json.dumps(document, ensure_ascii=False)
    return "".join(char if " " <= char < "\x7f" or char > "\uffff" else f"\\u{ord(char):04x}" for char in text)


def printed(program: Path | str, file: Path, form: str) -> tuple[int, str]:
    """Exit code and standard output."""
    form = "" if form == "text" else form
    ended = subprocess.run(
        [program, "test", "-f", file, *(["-o", form] if form else [])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stdout.decode()


PATROL = Path(sys.executable).with_name("patrol")
