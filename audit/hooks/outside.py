"""What policies may know of the world outside: the clock, chance, and, where enabled, HTTP and name look-ups.

The pure engine gets these as hooks. `http.send` and `net.lookup_ip_addr` are compiled only with `--enable-opa-builtin`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.outside import Outside


def outside(say: Callable[[str], None]) -> Outside:
    """The hooks of this process; `say` hears what policies print."""
    return Outside(now=time.time_ns, entropy=os.urandom, print=say, http_send=_http_send, lookup_ip_addr=lookup_ip_addr)


def lookup_ip_addr(host: str) -> list[str]:
    """The addresses of a host. Raises BuiltinError."""
    import socket  # late: hardly a policy may look up names

    try:
        found = socket.getaddrinfo(host or ".", None, proto=socket.IPPROTO_TCP)
    except (OSError, ValueError) as error:
        raise BuiltinError(f"lookup {host}: {error}") from error
    return [str(address[0]) for *_, address in found]


def _http_send(request: Any) -> Any:
    from audit.hooks.httpsend import http_send  # late: hardly a policy may call it

    return http_send(request)
