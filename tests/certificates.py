"""Certificates for tests."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, for servers and clients, and its key; made with
    openssl.
    """
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", str(folder / "key")]
    command = ["openssl", "req", "-x509", *key, "-out", str(folder / "crt"), *subject]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "crt", folder / "key"
