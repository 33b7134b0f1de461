"""`json.marshal`, `json.unmarshal`, ... and `yaml.*` (facts: OPA's topdown/encoding.go)."""

from __future__ import annotations

from typing import Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.gojson import indented, is_json, marshal, unmarshal
from constraints.rego.builtins.goyaml import from_yaml
from constraints.rego.builtins.operands import mapping, string, unfit
from constraints.rego.builtins.yamltext import to_yaml
from constraints.rego.values.kinds import Value
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.text import text

_TEXTS: Final = ("indent", "prefix")


@builtin("json.marshal", "any", result="string")
def json_marshal(value: Value) -> str:
    """Compact JSON."""
    return marshal(value)


@builtin(
    "json.marshal_with_options",
    "any",
    "object<indent:string,prefix:string,pretty:boolean>[string:any]",
    result="string",
)
def json_marshal_with_options(value: Value, options: Value) -> str:
    """JSON on one line or many: `pretty`, `indent` (a tab) and `prefix`; the last two mean many lines too."""
    chosen: dict[str, Value] = {}
    for key, option in sorted_pairs(mapping(options, 2)):
        if key in _TEXTS and not isinstance(option, str):
            raise unfit(2, f"key {text(key)} failed cast to string: operand must be string")
        if key == "pretty" and not isinstance(option, bool):
            raise unfit(2, f"key {text(key)} failed cast to bool")
        if key not in (*_TEXTS, "pretty"):
            raise unfit(2, f"object contained unknown key {text(key)}")
        chosen[key] = option
    if not chosen.get("pretty", bool(chosen)):
        return marshal(value)
    prefix = chosen.get("prefix", "")
    return f"{prefix}{indented(value, prefix, chosen.get('indent', chr(9)))}"


@builtin("json.unmarshal", "string", result="any")
def json_unmarshal(source: Value) -> Value:
    """The value of a JSON text."""
    return unmarshal(string(source, 1))


@builtin("json.is_valid", "string", result="boolean")
def json_is_valid(source: Value) -> bool:
    """Whether it is JSON; false for what is no string."""
    return isinstance(source, str) and is_json(source)


@builtin("yaml.marshal", "any", result="string")
def yaml_marshal(value: Value) -> str:
    """YAML in blocks."""
    return to_yaml(value)


@builtin("yaml.unmarshal", "string", result="any")
def yaml_unmarshal(source: Value) -> Value:
    """The value of a YAML document; of several the first."""
    return from_yaml(string(source, 1))


@builtin("yaml.is_valid", "string", result="boolean")
def yaml_is_valid(source: Value) -> bool:
    """Whether it is YAML; false for what is no string."""
    if not isinstance(source, str):
        return False
    try:
        from_yaml(source)
    except BuiltinError:
        return False
    return True
