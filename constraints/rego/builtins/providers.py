"""`providers.aws.sign_req`: requests signed as AWS asks (Signature Version 4; facts: OPA's topdown/providers.go)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from constraints.dataclass import value
from constraints.golang.calendar import date_of
from constraints.rego.builtins import builtin
from constraints.rego.builtins.gojson import marshal
from constraints.rego.builtins.gourl import parse_url
from constraints.rego.builtins.hooks import check_request
from constraints.rego.builtins.operands import as_bytes, mapping, none_of, number, unfit
from constraints.rego.values.kinds import RegoSet, Value, is_object, pairs_of
from constraints.rego.values.number import whole
from constraints.rego.values.sizes import joined, look_through
from constraints.rego.values.text import text

_NEEDED: Final = ("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service")
_UNSIGNED: Final = ("authorization", "user-agent", "x-amzn-trace-id")  # headers that are changed on the way
_HASHED: Final = ("s3", "glacier")  # services that want the hash of the body in a header
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_END: Final = "aws4_request"
_HEADER: Final = 20  # steps
_DAY: Final = 86_400


@value
class _Signer:
    """Who signs, and when: `date` as 20150830, `moment` as 20150830T123600Z."""

    key: str
    secret: str
    region: str
    service: str
    token: str
    unsigned_payload: bool
    date: str
    moment: str


@builtin(
    "providers.aws.sign_req", "object[string:any]", "object[string:any]", "number", result="object[any:any]", pure=False
)
def sign_req(request: Value, config: Value, time_ns: Value) -> Value:
    """The request with headers that say who signed it."""
    for one in (mapping(request, 1), mapping(config, 1)):
        look_through(one)
    signer = _signer({key: given for key, given in pairs_of(config) if isinstance(key, str)}, time_ns)
    check_request(request)
    asked = dict(pairs_of(request))
    headers = asked.get("headers", {})
    if not is_object(headers):
        raise none_of(0, headers, "object")
    look_through(headers, _HEADER)
    _check_texts(1, "request parameters(s)", asked, ("method", "url"))
    plain = {_text(name): _text(given) for name, given in pairs_of(headers)}
    return {**asked, "headers": {**plain, **_signed(asked, plain, signer)}}


def _signer(config: Mapping[str, Value], time_ns: Value) -> _Signer:
    """Raises BuiltinError for what is missing or of a wrong type."""
    missing = [name for name in _NEEDED if name not in config]
    if missing:
        raise unfit(2, f"missing required AWS config parameters(s): {text(RegoSet.of(missing))}")
    _check_texts(2, "AWS config parameters(s)", config, _NEEDED)
    moment = whole(number(time_ns, 1))
    if moment is None:
        raise unfit(3, "could not convert time_ns value into a unix timestamp")
    unsigned = config.get("disable_payload_signing", False)
    key, region, secret, service = (config[name] for name in _NEEDED)
    if not isinstance(unsigned, bool):
        raise unfit(2, "invalid value for 'disable_payload_signing' in AWS config")
    token = _text(config.get("aws_session_token"))
    return _Signer(key, secret, region, service, token, unsigned, *_dates(moment // 10**9))


def _check_texts(position: int, what: str, given: Mapping[Value, Value], names: Iterable[str]) -> None:
    invalid = [name for name in names if not isinstance(given[name], str)]
    if invalid:
        raise unfit(position, f"invalid values for required {what}: {text(RegoSet.of(invalid))}")


def _dates(seconds: int) -> tuple[str, str]:
    days, rest = divmod(seconds, _DAY)
    year, month, day = date_of(days)
    date = f"{year:04}{month:02}{day:02}"
    return date, f"{date}T{rest // 3600:02}{rest // 60 % 60:02}{rest % 60:02}Z"


def _text(given: Value) -> str:
    """OPA takes what is no text for an empty one."""
    return given if isinstance(given, str) else ""


def _signed(asked: Mapping[Value, Value], headers: Mapping[str, str], signer: _Signer) -> dict[str, str]:
    """The headers that come to those of the request."""
    url = parse_url(asked["url"])
    digest = "UNSIGNED-PAYLOAD" if signer.unsigned_payload else hashlib.sha256(as_bytes(_body(asked))).hexdigest()
    added = {"host": url.host, "x-amz-date": signer.moment}
    if signer.service in _HASHED:
        added["x-amz-content-sha256"] = digest
    if signer.token:
        added["x-amz-security-token"] = signer.token
    own = {name.lower(): given for name, given in headers.items() if name.lower() not in _UNSIGNED}
    signing = sorted({**added, **own}.items())
    names = joined(f";{name}" for name, _ in signing)[1:]
    lines = joined(f"{name}:{given}\n" for name, given in signing)
    canonical = f"{asked['method']}\n{url.escaped_path()}\n{url.raw_query}\n{lines}\n{names}\n{digest}"
    scope = f"{signer.date}/{signer.region}/{signer.service}/{_END}"
    wanted = f"{_ALGORITHM}\n{signer.moment}\n{scope}\n{hashlib.sha256(as_bytes(canonical)).hexdigest()}"
    authorization = (
        f"{_ALGORITHM} Credential={signer.key}/{scope},SignedHeaders={names},Signature={_signature(wanted, signer)}"
    )
    return {"Authorization": authorization, **added}


def _body(asked: Mapping[Value, Value]) -> str:
    if "raw_body" in asked:
        return _text(asked["raw_body"])
    return marshal(asked["body"]) if "body" in asked else ""


def _signature(wanted: str, signer: _Signer) -> str:
    key = as_bytes(f"AWS4{signer.secret}")
    for part in (signer.date, signer.region, signer.service, _END):
        key = hmac.digest(key, as_bytes(part), "sha256")
    return hmac.new(key, as_bytes(wanted), "sha256").hexdigest()
