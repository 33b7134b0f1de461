"""Random folders of policies and objects: lists, names that are made, scopes, selectors, CEL with all its parts,
doubles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from differential.prints import NUMBERS, TEXTS

Json = dict[str, Any]
_PLAIN = [one for one in NUMBERS if one == 0 or 1e-4 <= abs(one) < 1e6]  # in parameters: see docs/gator.md
_O = "object.spec"
EXPRESSIONS = (
    f"!has({_O}.n) || {_O}.n > 1",
    f"has({_O}.s) && {_O}.s != ''",
    f"{_O}.l.all(i, i != 'a')",
    f"{_O}.n == variables.params.num",
    "variables.wanted == object.metadata.name",
    "variables.sum > 3",
    "namespaceObject.metadata.name == 'x'",
    "has(object.metadata.labels) && 'a' in object.metadata.labels",
    "variables.anyObject.kind == 'Pod'",
    "object.metadata.?generateName.hasValue()",
    "quantity('1Gi').isLessThan(quantity('2Gi')) && false",
    f"'%s %f'.format([{_O}.s, 1.5]) == 'x'",
    f"{_O}.l.sort() == {_O}.l",
    "request.operation == 'CREATE'",
    "oldObject == null",
    "1 +",
    "nope == 1",
    "1 == 'a'",
    "'text'",
)
MESSAGES = (
    "",
    "'is ' + object.metadata.name",
    f"string({_O}.n)",
    f"{_O}.s",
    "1",
    "nope",
    f"'%s'.format([{_O}.l])",
    "' '",
)
CONDITIONS = (f"has({_O}.n)", "true", "false", f"{_O}.n > 1", "variables.sum > 0", "object.kind != 'Service'", "nope")
VARIABLES = {
    "wanted": "variables.params.?name.orValue('o1')",
    "sum": f"{_O}.?n.orValue(0) + 1",
    "bad": "1 +",
    "late": "variables.sum",
}
REGO = (
    'violation[{"msg": msg}] { msg := sprintf("%v", [input.review.object.metadata]) }',
    'violation[{"msg": msg, "details": input.parameters}] { msg := input.parameters.name }',
    'violation[{"msg": msg, "details": {"got": input.review.object.spec}}] { input.review.object.spec.n; msg := "n" }',
    'violation[{"msg": msg}] { x := input.review.object.spec.l[_]; msg := sprintf("%v in %v", [x, input.review.namespace]) }',
    'violation[{"msg": msg}] { msg := sprintf("%v %v", [input.review.kind, input.review.name]) }',
    'violation[{"msg": "labels"}] { not input.review.object.metadata.labels }',
    'violation[{"msg": msg}] { is_number(input.parameters.num); msg := sprintf("%v", [input.review.object.spec.n / input.parameters.num]) }',
    'violation[{"msg": msg}] { msg := sprintf("%v %v", [count(data.inventory.cluster), data.inventory.namespace.x]) }',
    'violation[{"msg": msg, "details": {"all": input.parameters}}] { msg := sprintf("%s", [input.parameters.any]) }',
)  # fmt: skip
PARAMETERS = {
    "num": {"type": "number"},
    "name": {"type": "string"},
    "yes": {"type": "boolean"},
    "items": {"type": "array", "items": {"type": "string"}},
    "int": {"type": "integer", "default": 4},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
    "map": {"type": "object", "additionalProperties": {"type": "number"}},
}


def template(chance: Random, kind: str) -> Json:
    """In Rego or in CEL."""
    schema = {"type": "object", "properties": PARAMETERS}
    if chance.random() < 0.5:
        code = [{"engine": "Rego", "source": {"rego": f"package p\n\n{chance.choice(REGO)}\n"}}]
    else:
        code = [{"engine": "K8sNativeValidation", "source": expressions(chance)}]
    target = {"target": "admission.k8s.gatekeeper.sh", "code": code}
    names = {"names": {"kind": kind}, "validation": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": chance.choice(("templates.gatekeeper.sh/v1", "templates.gatekeeper.sh/v1beta1")),
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {"crd": {"spec": names}, "targets": [target]},
    }


def expressions(chance: Random) -> Json:
    """The source of a template in CEL."""
    source: Json = {"validations": [validation(chance) for _ in range(chance.randint(1, 3))]}
    if chance.random() < 0.7:
        source["variables"] = [{"name": name, "expression": text} for name, text in VARIABLES.items() if name != "bad"]
    if chance.random() < 0.4:
        found = chance.sample(CONDITIONS, chance.randint(1, 2))
        source["matchCondition"] = [{"name": f"m{at}", "expression": text} for at, text in enumerate(found)]
    if chance.random() < 0.5:
        source["failurePolicy"] = chance.choice(("Fail", "Ignore"))
    if chance.random() < 0.3:
        source["generateVAP"] = chance.random() < 0.5
    return source


def validation(chance: Random) -> Json:
    made: Json = {"expression": chance.choice(EXPRESSIONS)}
    if chance.random() < 0.4:
        made["message"] = chance.choice(("no", " spaces ", "é", "a\nb"))
    if chance.random() < 0.5:
        made["messageExpression"] = chance.choice(MESSAGES)
    return made


def constraint(chance: Random, kind: str, at: int) -> Json:
    spec: Json = {}
    if chance.random() < 0.6:
        spec["parameters"] = {name: parameter(chance, name) for name in chance.sample(sorted(PARAMETERS), 3)}
    if chance.random() < 0.6:
        spec["match"] = match(chance)
    action = chance.random()
    if action < 0.3:
        spec["enforcementAction"] = chance.choice(("deny", "dryrun", "warn"))
    elif action < 0.5:
        points = chance.choice(("*", "gator.gatekeeper.sh", "audit.gatekeeper.sh", "validation.gatekeeper.sh"))
        scoped = [{"action": chance.choice(("deny", "warn", "dryrun")), "enforcementPoints": [{"name": points}]}]
        spec |= {"enforcementAction": "scoped", "scopedEnforcementActions": scoped}
    metadata: Json = {"name": f"c{at}"}
    if chance.random() < 0.2:
        metadata |= {"labels": {"a": "b"}, "annotations": {"x/y": chance.choice(TEXTS)}}
    made = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": metadata}
    return {**made, "spec": spec} if spec or chance.random() < 0.5 else made


def parameter(chance: Random, name: str) -> Any:
    made = {
        "num": chance.choice(_PLAIN),
        "name": chance.choice((*TEXTS, "o1")),
        "yes": chance.random() < 0.5,
        "items": chance.sample(TEXTS, 2),
        "int": chance.choice((0, 3, -7, 2**18)),
        "any": chance.choice((None, [1, {"a": None}], {"é": chance.choice(_PLAIN)}, "x", 1.5)),
        "map": {chance.choice(TEXTS): chance.choice(_PLAIN)},
    }
    return made[name]


def match(chance: Random) -> Json:
    parts: Json = {
        "kinds": [
            {"apiGroups": [chance.choice(("", "*", "apps"))], "kinds": [chance.choice(("Pod", "*", "Deployment"))]}
        ],
        "namespaces": [chance.choice(("x", "x*", "*-y"))],
        "excludedNamespaces": [chance.choice(("x", "*"))],
        "labelSelector": {"matchLabels": {"a": "b"}},
        "namespaceSelector": {
            "matchExpressions": [{"key": "a", "operator": chance.choice(("Exists", "DoesNotExist"))}]
        },
        "scope": chance.choice(("*", "Namespaced", "Cluster")),
        "name": chance.choice(("o1", "o*", "*")),
        "source": chance.choice(("All", "Original", "Generated")),
    }
    return {name: parts[name] for name in chance.sample(sorted(parts), chance.randint(1, 2))}


def reviewed(chance: Random, at: int) -> Json:
    """An object, with a name or what a name is made from, or a list of objects."""
    if chance.random() < 0.12:
        items = [reviewed(chance, at * 10 + one) for one in range(chance.randint(0, 2))]
        return {"apiVersion": "v1", "kind": chance.choice(("List", "PodList")), "items": items}
    metadata: Json = {"name": f"o{chance.randint(0, 4)}"}
    if chance.random() < 0.15:
        metadata = {"generateName": "made-"}
    elif chance.random() < 0.1:
        metadata["name"] = chance.choice(TEXTS)
    if chance.random() < 0.6:
        metadata["namespace"] = chance.choice(("x", "x-y", "default"))
    if chance.random() < 0.4:
        metadata["labels"] = {"a": chance.choice(("b", "c", ""))}
    kind = chance.choice(
        (("v1", "Pod"), ("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "Service"), ("a.b/v1", "Odd"))
    )
    made: Json = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata}
    if chance.random() < 0.9:
        spec = {
            "n": chance.choice(NUMBERS),
            "s": chance.choice(TEXTS),
            "l": [chance.choice(TEXTS), "a", 1][: chance.randint(0, 3)],
        }
        made["spec"] = {name: spec[name] for name in chance.sample(sorted(spec), chance.randint(0, 3))}
    return made


def documents(chance: Random) -> Iterator[Json]:
    """Everything of one folder."""
    kinds = [f"Kind{at}" for at in range(chance.randint(1, 4))]
    yield from (template(chance, kind) for kind in kinds)
    yield from (constraint(chance, chance.choice(kinds), at) for at in range(chance.randint(1, 5)))
    found = [reviewed(chance, at) for at in range(chance.randint(1, 12))]
    yield from found
    if chance.random() < 0.3:
        yield chance.choice(found)
    if chance.random() < 0.7:
        labels = chance.choice(({}, {"a": "b"}))
        yield from (
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            for name in ("x", "default", "x-y")
        )


def spread(chance: Random, folder: Path) -> list[str]:
    """The folder, written, and the arguments for it: whole, or file by file; as YAML, or as JSON."""
    found = list(documents(chance))
    parts = chance.randint(1, 3)
    files = []
    for part in range(parts):
        file = folder / f"f{part}{chance.choice(('.yaml', '.yml', '.json' if parts == len(found) else '.yaml'))}"
        file.write_text("\n---\n".join(json.dumps(one) for one in found[part::parts]))
        files.append(str(file))
    arguments = ["-f", str(folder)] if chance.random() < 0.5 else [word for file in files for word in ("-f", file)]
    return [*arguments, *(["--deny-only"] if chance.random() < 0.2 else [])]
