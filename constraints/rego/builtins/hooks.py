"""Builtins that reach out of the policy, by the hooks of outside.py: print, trace, chance, external data, the
network.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Final

from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import array, integer, mapping, string, unfit
from constraints.rego.builtins.outside import Context
from constraints.rego.values.kinds import RegoSet, Value, pairs_of
from constraints.rego.values.text import text

_REQUEST_NAMES: Final = frozenset(
    (
        "method",
        "url",
        "body",
        "enable_redirect",
        "force_json_decode",
        "force_yaml_decode",
        "headers",
        "raw_body",
        "tls_use_system_certs",
        "tls_ca_cert",
        "tls_ca_cert_file",
        "tls_ca_cert_env_variable",
        "tls_client_cert",
        "tls_client_cert_file",
        "tls_client_cert_env_variable",
        "tls_client_key",
        "tls_client_key_file",
        "tls_client_key_env_variable",
        "tls_insecure_skip_verify",
        "tls_server_name",
        "timeout",
        "cache",
        "force_cache",
        "force_cache_duration_seconds",
        "raise_error",
        "caching_mode",
        "max_retry_attempts",
        "cache_ignored_headers",
    )
)
"""What a request of `http.send` may say."""


@builtin("print", contextual=True, pure=False)
def print_nothing(_context: Context) -> bool:
    """Stands for the name; the compiler erases calls of `print`, or turns them into `internal.print`."""
    return True


@builtin("internal.print", "array[set]", result="boolean", contextual=True, pure=False)
def print_line(context: Context, operands: Value) -> bool:
    """Print a line for each choice of one value from each set; an empty set is an undefined argument."""
    choices = [_printable(operand) for operand in array(operands, 1)]
    for line in product(*choices):
        context.outside.print(" ".join(line))
    return True


def _printable(operand: Value) -> list[str]:
    values = operand.sorted_members() if isinstance(operand, RegoSet) else [operand]
    return [value if isinstance(value, str) else text(value) for value in values] or ["<undefined>"]


@builtin("internal.template_string", "array", result="string")
def template_string(parts: Value) -> str:
    """A template string: texts, and a set for each part, empty where it is undefined. Raises EvaluationError."""
    found = []
    for part in array(parts, 1):
        choices = _printable(part)
        if len(choices) > 1:
            raise EvaluationError("template-strings must not produce multiple outputs", code="eval_conflict_error")
        found += choices
    return "".join(found)


@builtin("trace", "string", result="boolean", contextual=True, pure=False)
def trace(context: Context, note: Value) -> bool:
    """Leave a note; always true."""
    context.outside.trace(string(note, 1))
    return True


@builtin("rand.intn", "string", "number", result="number", contextual=True, pure=False)
def rand_intn(context: Context, seed: Value, bound: Value) -> int:
    """A number from 0 up to, not including, the bound's absolute value; the same for equal arguments in one query."""
    word, size = string(seed, 1), abs(integer(bound, 2))
    if size == 0:
        return 0
    key = ("rand.intn", word, size)
    if key not in context.memory:
        # eight bytes more than the bound has leave no bias that could be seen
        length = size.bit_length() // 8 + 9
        context.memory[key] = int.from_bytes(context.outside.entropy(length), "big") % size
    found: int = context.memory[key]
    return found


@builtin("opa.runtime", result="object[string:any]", contextual=True, pure=False)
def opa_runtime(_context: Context) -> Value:
    """Gatekeeper gives its policies no configuration, no environment and no version: the empty object."""
    return {}


def _only_in_rules(name: str) -> Callable[[], Value]:
    """The compiler answers where it stands in a rule; a query is none."""

    def refuse() -> Value:
        raise BuiltinError(f"the {name} function must only be called within the scope of a rule")

    return refuse


for _name, _result in (("rego.metadata.chain", "array[any]"), ("rego.metadata.rule", "any")):
    builtin(_name, result=_result, pure=False)(_only_in_rules(_name))


@builtin("external_data", "any", contextual=True, pure=False)
def external_data(context: Context, request: Value) -> Value:
    """What a provider answers to `{"provider": name, "keys": [...]}`; equal requests are sent once in a query."""
    key = ("external_data", text(request))
    if key not in context.memory:
        context.memory[key] = context.outside.external_data(request)
    return context.memory[key]


@builtin("http.send", "object[string:any]", result="object", contextual=True, pure=False)
def http_send(context: Context, request: Value) -> Value:
    """The response to a request; equal requests are sent once in a query."""
    check_request(request)
    key = ("http.send", text(request))
    if key not in context.memory:
        context.memory[key] = context.outside.http_send(request)
    return context.memory[key]


def check_request(request: Value) -> None:
    """Raises BuiltinError for an object that says nothing of a request, or what none may say."""
    given = RegoSet.of(key for key, _ in pairs_of(mapping(request, 1)))
    for complaint, names in (
        (
            "invalid request parameters(s)",
            [name for name in given if not isinstance(name, str) or name not in _REQUEST_NAMES],
        ),
        ("missing required request parameters(s)", [name for name in ("method", "url") if name not in given]),
    ):
        if names:
            raise unfit(1, f"{complaint}: {text(RegoSet.of(names))}")


@builtin("net.lookup_ip_addr", "string", result="set[string]", contextual=True, pure=False)
def lookup_ip_addr(context: Context, name: Value) -> Value:
    """The addresses of a host, as text; asked once in a query."""
    key = ("net.lookup_ip_addr", string(name, 1))
    if key not in context.memory:
        context.memory[key] = RegoSet.of(context.outside.lookup_ip_addr(name))
    return context.memory[key]
