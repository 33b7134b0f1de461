"""What the API server says no with: a `Status` and its HTTP code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.embedded.registry import Served
from audit.errors import AuditError
from constraints.model import Json


class Refusal(AuditError):
    """A request that is refused; `body` is the `Status` object that the client gets."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body: dict[str, Json] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": dict(details or {}),
            "code": code,
        }

    @property
    def retry_after(self) -> int | None:
        """Seconds for the `Retry-After` header, None when there is none."""
        seconds: int | None = self.body["details"].get("retryAfterSeconds")
        return seconds


class UnknownPath(Refusal):
    """No resource is served at this path; as with a real server the body is plain text."""

    def __init__(self, path: str) -> None:
        super().__init__(404, "NotFound", f"the server could not find the requested resource {path}")


def details(served: Served, name: str = "", **more: Json) -> dict[str, Json]:
    """The `details` of a Status: which object of which resource."""
    found = {"name": name, "group": served.kind.group, "kind": served.plural}
    return {key: value for key, value in found.items() if value} | more


def not_found(served: Served, name: str) -> Refusal:
    """404 of one object."""
    return Refusal(404, "NotFound", f'{served.qualified} "{name}" not found', details(served, name))


def already_exists(served: Served, name: str) -> Refusal:
    """409 of a create."""
    return Refusal(409, "AlreadyExists", f'{served.qualified} "{name}" already exists', details(served, name))


def conflict(served: Served, name: str, why: str = "") -> Refusal:
    """409 of an update: somebody was faster, or a precondition does not hold."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {served.qualified} "{name}": {why}'
    return Refusal(409, "Conflict", message, details(served, name))


def bad_request(message: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", message)


def expired(message: str) -> Refusal:
    """410 of a token or a resourceVersion."""
    return Refusal(410, "Expired", message)


def unsupported(accepted: Sequence[str]) -> Refusal:
    """415."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return Refusal(415, "UnsupportedMediaType", message)


def unavailable() -> Refusal:
    """503, as for an aggregated API whose backend is gone."""
    return Refusal(503, "ServiceUnavailable", "the server is currently unable to handle the request")


def invalid(served: Served, name: str, problems: Sequence[str]) -> Refusal:
    """422; each problem is `<field>: <what>: <more>` and becomes a cause."""
    kind = f"{served.kind.kind}.{served.kind.group}" if served.kind.group else served.kind.kind
    listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    more = {"kind": served.kind.kind, "causes": [_cause(problem) for problem in problems]}
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {listed}', details(served, name) | more)


_REASONS = {
    "Required value": "FieldValueRequired",
    "Invalid value": "FieldValueInvalid",
    "Unsupported value": "FieldValueNotSupported",
    "Not found": "FieldValueNotFound",
    "Duplicate value": "FieldValueDuplicate",
    "Forbidden": "FieldValueForbidden",
    "Too long": "FieldValueTooLong",
    "Too many": "FieldValueTooMany",
}


def _cause(problem: str) -> dict[str, str]:
    place, _, message = problem.partition(": ")
    reason = _REASONS.get(message.partition(":")[0], "FieldValueInvalid")
    return {"reason": reason, "message": message or problem, "field": place}
