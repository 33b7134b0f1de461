"""What policies may know of the world outside: the clock, chance, and, where enabled, HTTP and name look-ups.

The pure engine gets these as hooks. `http.send` and `net.lookup_ip_addr` are compiled only with `--enable-opa-builtin`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from audit.duration import parse_duration
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.outside import Outside

Json = Any
SECONDS = 5.0  # OPA's default time-out
LARGEST = 10 << 20  # bytes of a reply
KNOWN = frozenset(
    ("method", "url", "body", "raw_body", "headers", "timeout", "enable_redirect", "force_json_decode", "raise_error")
)


def outside(say: Callable[[str], None]) -> Outside:
    """The hooks of this process; `say` hears what policies print."""
    return Outside(now=time.time_ns, entropy=os.urandom, print=say, http_send=http_send, lookup_ip_addr=lookup_ip_addr)


def lookup_ip_addr(host: str) -> list[str]:
    """The addresses of a host. Raises BuiltinError."""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise BuiltinError(f"lookup {host}: {error}") from error
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    seconds: float
    redirect: bool
    as_json: bool


def http_send(request: Json) -> Json:
    """The response to an `http.send` request: status, status_code, headers, raw_body and, decoded, body.

    TLS is checked. A failure is an error, or with `raise_error: false` a response with `status_code` 0 and `error`.
    """
    wanted = _request(request)
    try:
        return _sent(wanted)
    except _Failed as error:
        if request.get("raise_error", True):
            raise BuiltinError(str(error)) from error
        return {"status_code": 0, "error": {"code": "eval_http_send_network_error", "message": str(error)}}


class _Failed(Exception):
    """No response came."""


def _request(request: Json) -> _Request:
    unknown = sorted(set(request) - KNOWN)
    if unknown:
        raise BuiltinError(f"invalid request parameters(s): {{{', '.join(unknown)}}}", "eval_type_error")
    for name in ("method", "url"):
        if not isinstance(request.get(name), str):
            raise BuiltinError(f"missing required request parameters(s): {{{name}}}", "eval_type_error")
    raw = request.get("raw_body")
    return _Request(
        request["method"].upper(),
        request["url"],
        {str(name): str(value) for name, value in (request.get("headers") or {}).items()},
        raw.encode() if isinstance(raw, str) else orjson.dumps(request["body"]) if "body" in request else None,
        _seconds(request.get("timeout")),
        bool(request.get("enable_redirect", False)),
        bool(request.get("force_json_decode", False)),
    )


def _seconds(timeout: Json) -> float:
    """From a Go duration or a number of nanoseconds; nothing or 0 is the default."""
    if isinstance(timeout, str):
        try:
            return parse_duration(timeout) or SECONDS
        except ValueError as error:
            raise BuiltinError(f"timeout {timeout!r}: {error}") from error
    return float(timeout) / 1e9 if isinstance(timeout, (int, float)) and timeout else SECONDS


def _sent(request: _Request) -> Json:
    import urllib3

    pool = urllib3.PoolManager(timeout=request.seconds, retries=False)
    try:
        response = pool.request(
            request.method,
            request.url,
            body=request.body,
            headers=dict(request.headers),
            redirect=request.redirect,
            preload_content=False,
        )
        raw = response.read(LARGEST)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise _Failed(f"{request.method} {request.url}: {error}") from error
    finally:
        pool.clear()
    return _response(request, response, raw)


def _response(request: _Request, response: Any, raw: bytes) -> Json:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    decode = request.as_json or "json" in response.headers.get("content-type", "")
    return {
        "status": f"{response.status} {response.reason or ''}".rstrip(),
        "status_code": response.status,
        "headers": headers,
        "raw_body": raw.decode("utf-8", "replace"),
        "body": _decoded(raw) if decode else None,
    }


def _decoded(raw: bytes) -> Json:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
