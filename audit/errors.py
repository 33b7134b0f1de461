"""What can go wrong around an audit.

AuditError
├── ConfigError          a flag, an environment variable or a file that cannot be used
├── KubeError            the API server refused or did not answer
│   ├── Unreachable      no connection, a cut connection, a time-out
│   │   └── TimedOut     no good answer within the time that a request had for all its tries
│   ├── Forbidden        401 and 403
│   ├── NotFound         404
│   ├── Conflict         409
│   ├── Gone             410: a continue token or resourceVersion that has expired
│   ├── Invalid          400 and 422
│   ├── TooLarge         413, or an object that is too large for etcd
│   ├── TooManyRequests  429
│   ├── ServerError      5xx
│   ├── NotLeader        not sent: only the leader may write
│   ├── BodyTooLarge     a reply that is larger than there is memory for
│   └── BadBody          a reply that is not the JSON it should be
├── ResultsError         a file of results that cannot be written or read
├── ExportError          a Connection that makes no sense, or a target that takes no messages now
│   └── InvalidSecret    a Secret that it names cannot be used
├── OtherVersion         results that another version of this program has made
└── InputError           a file of objects that cannot be read
"""

from __future__ import annotations


class AuditError(Exception):
    """Something went wrong; the text names the thing, the field and the value.

    `reason` is one word: the API's own, where it came from there. `lost` counts the violations that a sink had taken
    before, and that are of no use without what it could not do now.
    """

    def __init__(self, message: str, *, reason: str = "", lost: int = 0) -> None:
        super().__init__(message)
        self.reason = reason or type(self).__name__
        self.lost = lost


class ConfigError(AuditError):
    """A flag, an environment variable or a configuration file that cannot be used."""


class InputError(AuditError):
    """A file of objects that cannot be read."""


class ResultsError(AuditError):
    """A file of results that cannot be written or read; the text names it."""


class ExportError(AuditError):
    """Violations cannot be exported: the Connection makes no sense, or its target takes no messages now.

    `retry_after` are the seconds that the target asks to wait.
    """

    def __init__(self, message: str, *, reason: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class InvalidSecret(ExportError):
    """A Secret that a Connection names is not there, may not be read, or is not as it has to be."""


class OtherVersion(AuditError):
    """Results that another version of this program has made; the text names both."""


class Hints:
    """What a refusal says besides: `continue_token` is a fresh one that a 410 offers, `retry_after` the seconds that
    the server asks to wait, `name` the object that the server says it is about.
    """

    __slots__ = ("continue_token", "name", "retry_after")  # no dataclass, which each start would have to wait for

    def __init__(self, continue_token: str = "", retry_after: float | None = None, name: str = "") -> None:
        self.continue_token = continue_token
        self.retry_after = retry_after
        self.name = name


NO_HINTS = Hints()


class KubeError(AuditError):
    """The API server refused a request or did not answer it.

    `status` is the HTTP status (0 where there was none), `reason` the API's own word or ours.
    """

    def __init__(self, message: str, *, status: int = 0, reason: str = "", hints: Hints = NO_HINTS) -> None:
        super().__init__(message, reason=reason)
        self.status = status
        self.hints = hints


class Unreachable(KubeError):
    """No connection, a cut connection or a time-out."""


class TimedOut(Unreachable):
    """No good answer within the time that a request had for all its tries."""


class Forbidden(KubeError):
    """Not allowed to: 401 or 403."""


class NotFound(KubeError):
    """404; the only error that means that a thing is absent."""


class Conflict(KubeError):
    """409: somebody else changed or created the object."""


class Gone(KubeError):
    """410: a continue token or resourceVersion that has expired."""


class Invalid(KubeError):
    """400 or 422: the server refuses the object or the request."""


class TooLarge(KubeError):
    """413, or the 500 with which an API server tells that etcd takes no object of that size."""


class TooManyRequests(KubeError):
    """429: the server asks to wait."""


class ServerError(KubeError):
    """5xx."""


class BodyTooLarge(KubeError):
    """A reply that is larger than there is memory for; it was not read to its end."""


class BadBody(KubeError):
    """A reply that is not the JSON it should be."""


class NotLeader(KubeError):
    """A write that was not sent, because only the leader may write."""
