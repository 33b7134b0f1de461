"""What `# METADATA` comments say, as OPA reads them (facts: v1/ast/parser.go and annotations.go)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from constraints.dataclass import value
from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gourl import parse_url
from constraints.rego.builtins.goyaml import Reading, compose, resolve_plain
from constraints.rego.syntax.parser import parse_query
from constraints.rego.syntax.tree import Ref, Remark, Scalar, Var
from constraints.rego.values.kinds import Value

_TAG: Final = "tag:yaml.org,2002:"
_EMAIL: Final = re.compile(r"<(.*)>", re.DOTALL)
_LINE: Final = re.compile(r"yaml: (?:unmarshal errors:\s*)?line ([0-9]+):")
_SCOPES: Final = ("rule", "document", "package", "subpackages")


class Malformed(Exception):
    """An annotation that OPA refuses, in its words."""


@value
class Annotation:
    """One comment: its scope, what a policy sees of it, and where it stands."""

    scope: str
    shown: Mapping[str, Value]
    remark: Remark


def place(remark: Remark, mistake: str) -> Span:
    """Where OPA says that a mistake is: at a line of the YAML where its reader names one, which counts differently."""
    last = remark.text.count("\n")
    if not mistake.startswith("yaml: "):
        return remark.span
    named = _LINE.match(mistake)
    return Span(remark.span.line + (min(int(named[1]) + 1, last) if named else 1), 1)


def annotation(remark: Remark) -> Annotation:
    """Read a comment. Raises Malformed."""
    if not remark.text.strip():
        raise Malformed("expected METADATA block, found whitespace")
    try:
        raw = _fields(remark.text)
    except BuiltinError as error:
        raise Malformed(str(error)) from error
    scope = _scope(remark, str(raw.get("scope", "")), bool(raw.get("entrypoint")))
    shown = {name: part for name, part in {**raw, "scope": scope}.items() if part}
    return Annotation(scope, shown, remark)


def _scope(remark: Remark, scope: str, entrypoint: bool) -> str:
    if not scope:
        scope = "document" if entrypoint and remark.before == "rule" else remark.before
    if scope not in _SCOPES:
        one_of = ", ".join(f"'{name}'" for name in _SCOPES[:-1])
        raise Malformed(f"invalid annotation scope '{scope}'. Use one of {one_of}, or '{_SCOPES[-1]}'")
    wanted = "rule" if scope in ("rule", "document") else "package"
    if remark.before != wanted:
        have = f" (have {remark.before})" if remark.before else ""
        raise Malformed(f"annotation scope '{scope}' must be applied to {wanted}{have}")
    if entrypoint and scope not in ("document", "package"):
        raise Malformed(f"annotation entrypoint applied to non-document or package scope '{scope}'")
    return scope


def _fields(text: str) -> dict[str, Any]:
    """The fields that are known. Raises Malformed and BuiltinError."""
    yaml, node = compose(text)
    if node is None:
        return {}
    reading = _Fields(yaml)
    return reading.fields(node)


class _Fields:
    """Nodes of YAML to the types that the fields have; what none has is refused."""

    def __init__(self, yaml: Any) -> None:
        self.yaml = yaml
        self.reading = Reading(yaml, resolve_plain)
        self.known: Mapping[str, Callable[[Any], Any]] = {
            "scope": self.string,
            "title": self.string,
            "entrypoint": self.truth,
            "description": self.string,
            "organizations": lambda node: [self.string(one) for one in self.sequence(node, "[]string")],
            "related_resources": lambda node: [_related(one) for one in self.values(node)],
            "authors": lambda node: [_author(one) for one in self.values(node)],
            "schemas": self.schemas,
            "custom": self.mapping,
            "labels": self.mapping,
            "compile": self.mapping,
        }

    def fields(self, node: Any) -> dict[str, Any]:
        if not isinstance(node, self.yaml.MappingNode):
            raise self.unfit(node, "ast.rawAnnotation")
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, item in node.value:
            name = key.value if isinstance(key, self.yaml.ScalarNode) else ""
            if name in lines:
                text = f'mapping key "{name}" already defined at line {lines[name]}'
                raise Malformed(f"yaml: unmarshal errors:\n  line {_line(key)}: {text}")
            lines[name] = _line(key)
            if name in self.known:
                found[name] = None if self.is_null(item) else self.known[name](item)
        found.pop("compile", None)  # for the compiler's filters only
        return found

    def is_null(self, node: Any) -> bool:
        return isinstance(node, self.yaml.ScalarNode) and self.reading.document(node) is None

    def string(self, node: Any) -> str:
        if not isinstance(node, self.yaml.ScalarNode):
            raise self.unfit(node, "string")
        return "" if self.is_null(node) else str(node.value)

    def truth(self, node: Any) -> bool:
        if isinstance(node, self.yaml.ScalarNode) and not node.style:
            if node.value in ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"):
                return True
            if node.value in ("n", "N", "no", "No", "NO", "off", "Off", "OFF"):
                return False
        found = self.reading.document(node)
        if not isinstance(found, bool):
            raise self.unfit(node, "bool")
        return found

    def sequence(self, node: Any, wanted: str = "[]interface {}") -> list[Any]:
        if not isinstance(node, self.yaml.SequenceNode):
            raise self.unfit(node, wanted)
        return list(node.value)

    def values(self, node: Any) -> list[Any]:
        return [self.reading.document(one) for one in self.sequence(node)]

    def mapping(self, node: Any) -> dict[str, Any]:
        if not isinstance(node, self.yaml.MappingNode):
            raise self.unfit(node, "map[string]interface {}")
        found: dict[str, Any] = self.reading.document(node)
        return found

    def schemas(self, node: Any) -> list[Any]:
        return [_schema(self.mapping(one)) for one in self.sequence(node, "[]map[string]interface {}")]

    def unfit(self, node: Any, wanted: str) -> Malformed:
        kind = "map" if isinstance(node, self.yaml.MappingNode) else "seq"
        text = ""
        if isinstance(node, self.yaml.ScalarNode):
            kind = {bool: "bool", int: "int", float: "float"}.get(type(self.reading.document(node)), "str")
            short = node.value if len(node.value) <= 10 else f"{node.value[:7]}..."
            text = f" `{short}`"
        return Malformed(
            f"yaml: unmarshal errors:\n  line {_line(node)}: cannot unmarshal !!{kind}{text} into {wanted}"
        )


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _related(given: Any) -> dict[str, str]:
    if isinstance(given, dict):
        ref, description = (_stripped(given, name) for name in ("ref", "description"))
        if not ref:
            raise Malformed(f"invalid related-resource definition {_printed(given)}: 'ref' value required in object")
    elif isinstance(given, str):
        ref, description = given, ""
        if not ref:
            raise Malformed("invalid related-resource definition : ref URL may not be empty string")
    else:
        raise Malformed(
            f"invalid related-resource definition {_printed(given)}: invalid value type, must be string or map"
        )
    try:
        parse_url(ref)
    except BuiltinError as error:
        raise Malformed(f"invalid related-resource definition {_printed(given)}: {error}") from error
    return {"ref": ref, "description": description} if description else {"ref": ref}


def _author(given: Any) -> dict[str, str]:
    if isinstance(given, dict):
        name, email = _stripped(given, "name"), _stripped(given, "email")
        if not name and not email:
            text = "'name' and/or 'email' values required in object"
            raise Malformed(f"invalid author definition {_printed(given)}: {text}")
    elif isinstance(given, str):
        words = given.split()
        if not words:
            raise Malformed(f"invalid author definition {given}: author is an empty string")
        address = _EMAIL.fullmatch(words[-1])
        email = address[1] if address else ""
        name = " ".join(words[:-1] if address else words)
    else:
        raise Malformed(f"invalid author definition {_printed(given)}: invalid value type, must be string or map")
    return {key: part for key, part in (("name", name), ("email", email)) if part}


def _stripped(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    return found.strip() if isinstance(found, str) else ""


def _printed(given: Any) -> str:
    """As Go prints values of any type with `%s`, near enough to be recognised."""
    if isinstance(given, dict):
        return f"map[{' '.join(f'{key}:{_printed(item)}' for key, item in sorted(given.items()))}]"
    if isinstance(given, list):
        return f"[{' '.join(map(_printed, given))}]"
    return given if isinstance(given, str) else f"%!s({_GO_TYPES.get(type(given), 'float64')}={_go_text(given)})"


_GO_TYPES: Final = {bool: "bool", int: "int", type(None): "<nil>"}


def _go_text(given: Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _schema(pair: Mapping[str, Any]) -> dict[str, Value]:
    name, given = next(iter(pair.items()), ("", None))
    path = _reference(name)
    if path is None:
        raise Malformed("invalid document reference")
    if isinstance(given, dict):
        return {"path": path, "definition": given}
    if not isinstance(given, str):
        raise Malformed(f'invalid schema declaration for path "{name}"')
    schema = _reference(given)
    if schema is None or schema[0] != "schema":
        raise Malformed("invalid schema reference")
    return {"path": path, "schema": schema}


def _reference(text: str) -> list[str] | None:
    """The parts of a reference; None for what is none."""
    try:
        (expr,) = parse_query(Source("", text))
    except (CompileError, ValueError):
        return None
    term = expr.what
    if isinstance(term, Var):
        return [term.name]
    if not isinstance(term, Ref) or not isinstance(term.head, Var):
        return None
    parts = [str(part.value) for part in term.path if isinstance(part, Scalar)]
    return [term.head.name, *parts] if len(parts) == len(term.path) else None
