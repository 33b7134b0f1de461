"""The builtin `http.send`, as far as OPA's documentation describes it: requests over HTTP for policies that may send
them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

import urllib3

from audit.duration import parse_duration
from constraints.dataclass import dataclass
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gojson import marshal, unmarshal
from constraints.rego.builtins.goyaml import from_yaml
from constraints.rego.values.plain import to_json

Json = Any
SECONDS = 5.0  # OPA's default time-out
LARGEST = 10 << 20  # bytes of a reply
REDIRECTS = 10  # as many as Go follows
NETWORK: Final = "eval_http_send_network_error"
INTERNAL: Final = "eval_http_send_internal_error"
_TEXTS: Final = frozenset(("method", "url", "raw_body", "tls_ca_cert", "tls_server_name"))
_TRUTHS: Final = frozenset(
    ("enable_redirect", "force_json_decode", "force_yaml_decode", "raise_error", "tls_insecure_skip_verify")
)
# One request is sent once in a query, whatever these say; answers are not kept for longer.
_WITHOUT_EFFECT: Final = frozenset(
    ("cache", "caching_mode", "force_cache", "force_cache_duration_seconds", "cache_ignored_headers")
) | {"max_retry_attempts", "tls_use_system_certs"}
_KNOWN: Final = _TEXTS | _TRUTHS | _WITHOUT_EFFECT | {"body", "headers", "timeout"}


class _Failed(BuiltinError):
    """No response came."""


def http_send(request: Json) -> Json:
    """The response to an `http.send` request: status, status_code, headers, raw_body and, decoded, body.

    TLS is checked unless the request says otherwise. Raises BuiltinError for a failure, which with `raise_error: false`
    is a response with `status_code` 0 and `error`.
    """
    try:
        return _sent(_request(request, to_json(request)))
    except BuiltinError as error:
        if to_json(request).get("raise_error", True) is not False:
            raise
        code = NETWORK if isinstance(error, _Failed) else INTERNAL
        return {"status_code": 0, "error": {"code": code, "message": str(error)}}


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    seconds: float
    plain: Mapping[str, Json]

    def wants(self, option: str) -> bool:
        return bool(self.plain.get(option, False))


def _request(request: Json, plain: Mapping[str, Json]) -> _Request:
    _check(plain)
    body = plain.get("raw_body", marshal(request["body"]) if "body" in plain else None)
    return _Request(
        plain["method"].upper(),
        plain["url"],
        {name: str(value) for name, value in plain.get("headers", {}).items()},
        None if body is None else body.encode(),
        _seconds(plain.get("timeout", 0)),
        plain,
    )


def _check(plain: Mapping[str, Json]) -> None:
    """Raises BuiltinError for a request that is none."""
    unknown = sorted(set(plain) - _KNOWN)
    if unknown:
        raise _wrong(f"invalid request parameters(s): {{{_listed(unknown)}}}")
    missing = [name for name in ("method", "url") if name not in plain]
    if missing:
        raise _wrong(f"missing required request parameters(s): {{{_listed(missing)}}}")
    for name, value in plain.items():
        if name in _TEXTS and not isinstance(value, str):
            raise BuiltinError(f'"{name}" must be a string')
        if name in _TRUTHS and not isinstance(value, bool):
            raise BuiltinError(f'"{name}" must be a boolean')
    if not isinstance(plain.get("headers", {}), dict):
        raise BuiltinError("invalid type for headers key")


def _wrong(text: str) -> BuiltinError:
    return BuiltinError(f"operand 1 {text}", "eval_type_error")


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _seconds(timeout: Json) -> float:
    """From a Go duration or a number of nanoseconds; 0 is the default."""
    if isinstance(timeout, str) and not timeout.lstrip("+-").isdecimal():
        try:
            return parse_duration(timeout) or SECONDS
        except ValueError as error:
            raise BuiltinError(f"invalid timeout value {timeout!r}: {error}") from error
    if isinstance(timeout, bool) or not isinstance(timeout, (str, int, float)):
        raise BuiltinError("'timeout' must be one of {string, number}")
    return float(timeout) / 1e9 or SECONDS


def _sent(request: _Request) -> Json:
    what = f"{request.method} {request.url}"
    try:
        with _pool(request) as pool:
            response = pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=dict(request.headers),
                redirect=request.wants("enable_redirect"),
                preload_content=False,
            )
            raw = response.read(LARGEST + 1)
    except urllib3.exceptions.MaxRetryError as error:
        raise _Failed(f"{what}: {error.reason}") from error
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _Failed(f"{what}: {error}") from error
    if len(raw) > LARGEST:
        raise _Failed(f"{what}: the response is longer than {LARGEST} bytes")
    return _response(request, response, raw)


def _pool(request: _Request) -> urllib3.PoolManager:
    """A pool for one request; nothing is tried twice, but redirects are followed where that is wanted."""
    retries = urllib3.Retry(REDIRECTS, connect=0, read=0, status=0, other=0, redirect=REDIRECTS)
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(total=request.seconds),
        retries=retries if request.wants("enable_redirect") else False,
        **(_security(request) if request.url.lower().startswith("https:") else {}),
    )


def _security(request: _Request) -> dict[str, Json]:
    """What holds for TLS: the system's authorities, unless the request brings its own or trusts anybody."""
    context = ssl.create_default_context(cadata=request.plain.get("tls_ca_cert"))
    if request.wants("tls_insecure_skip_verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    name = request.plain.get("tls_server_name")
    return {"ssl_context": context, **({"server_hostname": name, "assert_hostname": name} if name else {})}


def _response(request: _Request, response: urllib3.BaseHTTPResponse, raw: bytes) -> Json:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    text = raw.decode("utf-8", "replace")
    return {
        "status": f"{response.status} {response.reason or ''}".rstrip(),
        "status_code": response.status,
        "headers": headers,
        "raw_body": text,
        "body": _decoded(request, response.headers.get("content-type", ""), text),
    }


def _decoded(request: _Request, kind: str, text: str) -> Json:
    """The body of a response; null where it is neither JSON nor YAML, or not said to be."""
    media = kind.partition(";")[0].strip().lower()
    try:
        if request.wants("force_json_decode") or media == "application/json" or media.endswith("+json"):
            return unmarshal(text)
        if request.wants("force_yaml_decode") or media in ("application/yaml", "application/x-yaml"):
            return from_yaml(text)
    except BuiltinError:
        return None
    return None
