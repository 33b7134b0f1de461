"""What errors of the libraries below say, in words for whoever runs the cluster."""

from __future__ import annotations

import re
from ssl import SSLCertVerificationError
from typing import Final

_LONGEST: Final = 8  # errors inside each other
_PLACE: Final = re.compile(r"^<?[\w.]*HTTPS?Connection(Pool)?\b[^:]*?[)>](?: at 0x\w+>)?: ")
_SSL_CODE: Final = re.compile(r"^\[[\w: ]+\] | \(_ssl\.c:\d+\)$")
_SETTING: Final = re.compile(r" \((?:read|connect) timeout=[\d.e+-]+\)$")
_INCOMPLETE: Final = re.compile(r"^IncompleteRead\((\d+) bytes read, (-?\d+) more expected\)$")


def why(error: BaseException) -> str:
    """What an error says, on one line, without the numbers and the classes that Python adds."""
    inner = _innermost(error)
    if isinstance(inner, KeyError):
        return f"{inner} is missing"
    if isinstance(inner, SSLCertVerificationError) and inner.verify_message:
        return f"certificate verify failed: {inner.verify_message}"
    text = _SSL_CODE.sub("", _SETTING.sub("", _PLACE.sub("", one_line(inner))))
    if isinstance(inner, OSError) and inner.strerror:
        plain = _SSL_CODE.sub("", _SSL_CODE.sub("", inner.strerror))
        return f"{plain}: {inner.filename}" if inner.filename else plain
    if found := _INCOMPLETE.match(text):
        return f"{found[1]} bytes of the body came, and not the others"
    return text or "no more is known"


def one_line(error: BaseException) -> str:
    """The text of an error without its line breaks."""
    return " ".join(str(error).split())


def _innermost(error: BaseException) -> BaseException:
    """The error that the others were made of; the libraries pass it on as the cause, or among the arguments."""
    for _ in range(_LONGEST):
        inner = error.__cause__ or next((each for each in error.args if isinstance(each, BaseException)), None)
        if inner is None or not (one_line(inner) or isinstance(inner, KeyError)):
            break
        error = inner
    return error
