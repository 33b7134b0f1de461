"""ConstraintTemplates v1, v1beta1 and v1alpha1 to one value (compatibility, section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from constraints.dataclass import dataclass
from constraints.errors import TemplateError
from constraints.fields import Fields, quoted
from constraints.model import REGO, Json, Object
from constraints.review import integers
from constraints.structural import clashes, cleaned, flaws, opened, untyped

GROUP = "templates.gatekeeper.sh"
TARGET = "admission.k8s.gatekeeper.sh"
_LEGACY = {f"{GROUP}/v1": False, f"{GROUP}/v1beta1": True, f"{GROUP}/v1alpha1": True}  # default of legacySchema
_KIND = re.compile(r"[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?\Z")
_INVENTORY = r'\bdata\s*(?:\.\s*inventory\b|\[\s*["`]inventory["`])'


@dataclass(frozen=True, slots=True)
class Code:
    """The policy for one engine; what `source` holds is the engine's own."""

    engine: str
    source: Mapping[str, Json]


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A checked ConstraintTemplate.

    `schema` is what `spec.parameters` must look like, None when the template takes no parameters; `legacy` schemas are
    already opened (compatibility, section 5.1). `code` is in the order of the template. `inventory`: some code reads
    `data.inventory`. `obj` is the object as it came.
    """

    name: str
    kind: str
    uid: str
    generation: int
    labels: Mapping[str, str]
    short_names: tuple[str, ...]
    schema: Mapping[str, Json] | None
    legacy: bool
    code: tuple[Code, ...]
    inventory: bool
    obj: Object

    @classmethod
    def parse(cls, obj: Object) -> Template:
        """Raises TemplateError."""
        root = Fields(obj, _thing(obj), TemplateError)
        legacy = _legacy_default(root)
        metadata = root.mapping("metadata")
        name = metadata.text("name")
        crd = root.mapping("spec").mapping("crd").mapping("spec")
        kind = _kind(crd.mapping("names"), name)
        validation = crd.mapping("validation", required=False)
        legacy = validation.boolean("legacySchema", legacy)
        code = _codes(root.mapping("spec"))
        return cls(
            name=name,
            kind=kind,
            uid=metadata.text("uid", ""),
            generation=metadata.integer("generation", 0),
            labels=metadata.texts_by_name("labels"),
            short_names=crd.mapping("names").texts("shortNames"),
            schema=_schema(validation, legacy),
            legacy=legacy,
            code=code,
            inventory=any(_reads_inventory(part) for part in code),
            obj=obj,
        )


def _thing(obj: Object) -> str:
    metadata = obj.get("metadata") if isinstance(obj, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f"ConstraintTemplate {quoted(name)}" if isinstance(name, str) else "ConstraintTemplate"


def _legacy_default(root: Fields) -> bool:
    if root.text("kind") != "ConstraintTemplate":
        raise root.error("kind", "is not ConstraintTemplate", root.value["kind"])
    version = root.text("apiVersion")
    if version not in _LEGACY:
        raise root.error("apiVersion", f"is none of {', '.join(_LEGACY)}", version)
    return _LEGACY[version]


def _kind(names: Fields, name: str) -> str:
    kind = names.text("kind")
    if not _KIND.match(kind):
        raise names.error("kind", "is not a name for a kind (letters, digits and '-', at most 63)", kind)
    if name != kind.lower():
        raise names.error("kind", f"is not in lower case the template's metadata.name {quoted(name)}", kind)
    return kind


def _schema(validation: Fields, legacy: bool) -> Mapping[str, Json] | None:
    found = validation.value.get("openAPIV3Schema")
    if found is None:
        return opened({}) if legacy else None
    checked = validation.mapping("openAPIV3Schema")
    schema: Mapping[str, Json] = cleaned(integers(checked.value))  # gator's floats do not reach a default
    for flaw in flaws(schema):
        raise checked.error(flaw.path, flaw.message, flaw.value)
    final = opened(schema) if legacy else schema
    for flaw in clashes(final) if legacy else chain(untyped(final), clashes(final)):
        raise checked.error(flaw.path, flaw.message, flaw.value)
    return final


def _codes(spec: Fields) -> tuple[Code, ...]:
    targets = spec.mappings("targets")
    if len(targets) != 1:
        raise spec.error("targets", "must hold exactly one target, it holds", len(targets))
    target = targets[0]
    if target.text("target") != TARGET:
        raise target.error("target", f"is not {TARGET}", target.value["target"])
    code = [_code(part) for part in target.mappings("code", required=False)]
    shorthand = _shorthand(target)
    if shorthand and any(part.engine == REGO for part in code):
        raise target.error("rego", "stands beside an entry of code with engine", REGO)
    found = (*code, *shorthand)
    _check_engines(target, found)
    return found


def _shorthand(target: Fields) -> tuple[Code, ...]:
    """`rego` and `libs` of a target are short for an entry of `code` with engine Rego."""
    libs = target.texts("libs")
    rego = target.text("rego", "")
    if libs and not rego:
        raise target.error("rego", "is missing beside libs of", len(libs))
    return (Code(REGO, {"rego": rego, "libs": libs}),) if rego else ()


def _code(part: Fields) -> Code:
    source = part.mapping("source")
    if part.text("engine") != REGO:
        return Code(part.text("engine"), source.value)
    version = source.text("version", "v0")
    return Code(REGO, {"rego": source.text("rego"), "libs": source.texts("libs"), "version": version})


def _check_engines(target: Fields, code: tuple[Code, ...]) -> None:
    engines = [part.engine for part in code]
    if not engines:
        raise target.error("code", "is missing, and so is rego", None)
    for engine in engines:
        if engines.count(engine) > 1:
            raise target.error("code", "has more than one entry for engine", engine)


def _reads_inventory(code: Code) -> bool:
    texts: tuple[Any, ...] = (code.source.get("rego"), *code.source.get("libs", ())) if code.engine == REGO else ()
    return any("inventory" in text and re.search(_INVENTORY, text) for text in texts if isinstance(text, str))
