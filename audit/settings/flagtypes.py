"""What the value of a flag may be: how it is read, and the words that say so in help and in errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from audit.extent import ALL, CHANGES, NONE, PAGE, RUN
from constraints.dataclass import dataclass

Value = bool | int | float | str | tuple[str, ...]
T_co = TypeVar("T_co", bound=Value, covariant=True)

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LOG_KEYS = ("ts", "logger", "msg", "process", "audit_id", "event_type")  # a level under one of these would hide it
_MOST = 2**31 - 1
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_LEAST_MEMORY = 2**24  # an eighth of it has to hold the largest object of an API server, 1.5 MiB
REPORT_APIS = ("off", "wgpolicy", "openreports")
OUTCOMES = ("pass", "fail", "warn", "error", "skip")
GUARDED = ("http.send", "net.lookup_ip_addr")  # builtins that policies may call only where they are enabled
ALL_OPERATIONS = (
    "audit",
    "generate",
    "mutation-controller",
    "mutation-status",
    "mutation-webhook",
    "status",
    "webhook",
)


@dataclass(frozen=True, slots=True)
class FlagType(Generic[T_co]):
    """`read` turns text into a value and raises ValueError for what is not `expected`.

    `repeatable` types read comma-separated words; each use of the flag adds to them. A flag of a `bare` type stands
    alone or takes a value. `hint` is the placeholder in help, or what may be chosen with `|` between.

    Where argparse reads the flags of a command, it takes only `choices` of what `read` gives, if there are any; a text
    that `read` refuses is said to be what stands in `otherwise`: 'maybe' is `neither true nor false`. It takes as many
    words as `values` says; `read` gives a tuple for each where those are several.
    """

    hint: str
    expected: str
    read: Callable[[str], T_co]
    repeatable: bool = False
    bare: bool = False
    choices: tuple[str, ...] = ()
    otherwise: str = ""
    values: int = 1


def _truth(text: str) -> bool:
    if text not in _TRUE + _FALSE:
        raise ValueError(text)
    return text in _TRUE


def _election(text: str) -> bool | str:
    return text if text == "auto" else _truth(text)


def _integer(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,12}", text) else highest + 1
        if not lowest <= number <= highest:
            raise ValueError(text)
        return number

    return read


def _bytes(text: str) -> int:
    """As Kubernetes writes quantities of memory: `268435456`, `256Mi`, `1G`; 0 stands for what is right by itself."""
    found = re.fullmatch(r"([0-9]{1,15})([kMGT]|[KMGT]i)?", text)
    if not found:
        raise ValueError(text)
    number = int(found[1]) * _UNITS[found[2] or ""]
    if 0 < number < _LEAST_MEMORY:
        raise ValueError(text)
    return number


def _lifetime(text: str) -> int:
    """Seconds, or hours or days with their letter."""
    found = re.fullmatch(r"([0-9]{1,9})([shd]?)", text)
    if not found:
        raise ValueError(text)
    return int(found[1]) * {"": 1, "s": 1, "h": 3600, "d": 86400}[found[2]]


def _pattern(pattern: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):  # compiled when asked for: most runs ask for none of them
            raise ValueError(text)
        return text

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    return _pattern("|".join(map(re.escape, choices)))


def _some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    read = _one_of(*choices)
    return lambda text: tuple(read(word.strip()) for word in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _builtins(text: str) -> tuple[str, ...]:
    """Gatekeeper's chart writes the list as `{http.send}`."""
    return _words(text.strip().removeprefix("{").removesuffix("}"))


def guarded(text: str) -> tuple[str, ...]:
    """Names of guarded builtins. Raises ValueError for others."""
    return tuple(map(_one_of(*GUARDED), _builtins(text)))


def _duration(text: str) -> str:
    _seconds(text)
    return text


def time_limit(text: str) -> float:
    """Seconds of a duration such as `500ms`. Raises ValueError for what is none and for one below zero."""
    seconds = _seconds(text)
    if seconds < 0:
        raise ValueError(text)
    return seconds


def _seconds(text: str) -> float:
    from audit.duration import parse_duration  # late: most runs are given no duration

    return parse_duration(text)


def _address(text: str) -> str:
    if text not in ("", "0"):
        split_address(text)
    return text


def _level_key(text: str) -> str:
    if not text or text in _LOG_KEYS:
        raise ValueError(text)
    return text


def split_address(text: str) -> tuple[str, int]:
    """Host (empty for all) and port of `:9090`, `127.0.0.1:9090` or `[::1]:9090`. Raises ValueError otherwise."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or (":" in bare and bare == host):
        raise ValueError(f"invalid address {text!r}")
    return bare, _integer(0, 65535)(port)


TRUTH = FlagType("", "true or false", _truth, bare=True)
ELECTION = FlagType("", "true, false or auto", _election, bare=True)
INTEGER = FlagType("N", "a whole number", _integer(-_MOST, _MOST))
UNSIGNED = FlagType("N", "a whole number, 0 or more", _integer(0, _MOST))
STEPS = FlagType("N", "a whole number, 1 or more", _integer(1, _MOST))
SECONDS = FlagType("SECONDS", "a whole number of seconds, 0 or more", _integer(0, _MOST))
MEMORY = FlagType("BYTES", "bytes such as 268435456, 256Mi or 1G, at least 16Mi, or 0", _bytes)
PORT = FlagType("PORT", "a port from 0 to 65535", _integer(0, 65535))
TEXT = FlagType("TEXT", "text", str)
PATH = FlagType("PATH", "the path of a folder", _pattern(r"[^\0]+"))
OPTIONAL_PATH = FlagType("PATH", "the path of a folder, or nothing", _pattern(r"[^\0]*"))
ADDRESS = FlagType("ADDRESS", "an address such as :9090 or 127.0.0.1:9090, or 0", _address)
DURATION = FlagType("DURATION", "a duration such as 10s or 3m", _duration)
TIME_LIMIT = FlagType("DURATION", "a duration such as 1s or 500ms, or 0", time_limit)
DNS_LABEL = FlagType("NAME", "a DNS label: at most 63 of a-z, 0-9 and -", _pattern(_LABEL))
DNS_NAME = FlagType(
    "NAME", "a DNS name: labels of a-z, 0-9 and -, with dots between", _pattern(rf"{_LABEL}(\.{_LABEL})*")
)
LEVEL_KEY = FlagType("KEY", f"a key other than {', '.join(_LOG_KEYS)}", _level_key)
FAILURE_POLICY = FlagType("Fail|Ignore", "Fail or Ignore", _one_of("Fail", "Ignore"))
DECISION = FlagType("auto|true|false", "auto, true or false", _one_of("auto", "true", "false"))
ENCODER = FlagType(
    "lower|capital|color|capitalcolor",
    "lower, capital, color or capitalcolor",
    _one_of("lower", "capital", "color", "capitalcolor"),
)
PARALLEL = FlagType("N", "a whole number from 1 to 64", _integer(1, 64))
REPORTS = FlagType("|".join(REPORT_APIS), "off, wgpolicy or openreports", _one_of(*REPORT_APIS))
REPORT_NAMES = FlagType("prefixed|uid", "prefixed or uid", _one_of("prefixed", "uid"))
REPORT_DETAIL = FlagType("results|summary", "results or summary", _one_of("results", "summary"))
REPORT_RESULTS = FlagType("RESULT,...", f"some of {', '.join(OUTCOMES)}", _some_of(*OUTCOMES), repeatable=True)
LIFETIME = FlagType("SECONDS", "seconds such as 86400, hours or days such as 12h or 30d, or 0", _lifetime)
EXPORTED = FlagType("all|changes", "all or changes", _one_of(ALL, CHANGES))
SYNCED = FlagType("run|page|none", "run, page or none", _one_of(RUN, PAGE, NONE))
LOGGED = FlagType("all|none|changes", "all, none or changes", _one_of(ALL, NONE, CHANGES))
WORDS = FlagType("NAME,...", "names", _words, repeatable=True)
BUILTINS = FlagType("NAME,...", "names of Rego builtins", _builtins, repeatable=True)
GUARDED_BUILTINS = FlagType("NAME,...", f"some of {', '.join(GUARDED)}", guarded, repeatable=True)
METRICS_BACKENDS = FlagType(
    "NAME", "prometheus, the only metrics backend of this program", _some_of("prometheus"), repeatable=True
)
OPERATIONS = FlagType("NAME,...", f"some of {', '.join(ALL_OPERATIONS)}", _some_of(*ALL_OPERATIONS), repeatable=True)
