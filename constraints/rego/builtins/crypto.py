"""Digests and message authentication codes: `crypto.md5`, `crypto.hmac.sha256`, ... (facts: OPA's
topdown/crypto.go).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from constraints.rego.builtins import builtin
from constraints.rego.builtins.operands import as_bytes, string
from constraints.rego.values.kinds import Value


def _digest(algorithm: str) -> Callable[[Value], str]:
    def run(text: Value) -> str:
        made = hashlib.new(algorithm, as_bytes(string(text, 1)), usedforsecurity=False)
        return made.hexdigest()

    return run


def _mac(algorithm: str) -> Callable[[Value, Value], str]:
    def run(text: Value, key: Value) -> str:
        message = as_bytes(string(text, 1))
        return hmac.new(as_bytes(string(key, 2)), message, algorithm).hexdigest()

    return run


for _name in ("md5", "sha1", "sha256"):
    builtin(f"crypto.{_name}", "string", result="string")(_digest(_name))

for _name in ("md5", "sha1", "sha256", "sha512"):
    builtin(f"crypto.hmac.{_name}", "string", "string", result="string")(_mac(_name))


@builtin("crypto.hmac.equal", "string", "string", result="boolean")
def hmac_equal(mac: Value, other: Value) -> bool:
    """Whether two codes are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(as_bytes(string(mac, 1)), as_bytes(string(other, 2)))
