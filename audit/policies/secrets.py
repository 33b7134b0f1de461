"""Reads Secrets that a Connection names; what they hold is in no error."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping

from audit.errors import InvalidSecret, KubeError, NotFound
from audit.kube.client import Client
from audit.kube.request import get_object
from audit.model import Resource
from constraints import Kind

SECRETS = Resource(Kind("", "v1", "Secret"), "secrets", True)


def secret_data(client: Client, namespace: str, name: str) -> Mapping[str, bytes]:
    """The data of a Secret. Raises InvalidSecret."""
    try:
        found = client.send_json(get_object(SECRETS, name, namespace))
        return {key: b64decode(value, validate=True) for key, value in (found.get("data") or {}).items()}
    except NotFound:
        raise InvalidSecret(f"there is no Secret {namespace}/{name}") from None
    except KubeError as error:  # its text may show what was read
        text = f"the Secret {namespace}/{name} cannot be read: {error.reason}"
        raise InvalidSecret(f"{text}; the service account needs to get it") from None
    except (ValueError, TypeError, AttributeError):
        raise InvalidSecret(f"the Secret {namespace}/{name} makes no sense") from None
