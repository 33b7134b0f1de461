"""The body of a request: bytes to an object of the kind that the path asks for."""

from __future__ import annotations

import orjson
import yaml

from audit.embedded.refusals import bad_request, unsupported
from audit.embedded.registry import Served
from constraints.dataclass import dataclass
from constraints.model import Json


@dataclass(frozen=True, slots=True)
class Body:
    """What the client sent; `content_type` is without parameters."""

    data: bytes
    content_type: str = "application/json"

    def json(self) -> Json:
        """The decoded body; raises Refusal: 415 for another type than JSON and YAML, 400 when it is not what it
        says.
        """
        if "json" not in self.content_type and "yaml" not in self.content_type:
            raise unsupported(("application/json", "application/yaml"))
        try:
            return orjson.loads(self.data)
        except orjson.JSONDecodeError as error:
            if "yaml" not in self.content_type:
                raise bad_request(f"error decoding the body: {error}") from error
        try:
            return orjson.loads(orjson.dumps(yaml.safe_load(self.data)))
        except (yaml.YAMLError, orjson.JSONEncodeError) as error:
            raise bad_request(f"error decoding the body: {error}") from error

    def object_of(self, served: Served) -> dict[str, Json]:
        """The body as an object of this resource; raises Refusal (400) when it is one of another kind."""
        obj = self.json()
        if not isinstance(obj, dict):
            raise bad_request("error decoding the body: it is not an object")
        version, name = obj.get("apiVersion") or served.kind.api_version, obj.get("kind") or served.kind.kind
        if name != served.kind.kind:
            raise bad_request(
                f'{name} in version "{version}" cannot be handled as a {served.kind.kind}: converting ({name}) to ({served.kind.kind}): unknown conversion'
            )
        if version != served.kind.api_version:
            raise bad_request(
                f"the API version in the data ({version}) does not match the expected API version ({served.kind.api_version})"
            )
        metadata = obj.get("metadata")
        if metadata is not None and not isinstance(metadata, dict):
            raise bad_request(f"error decoding the body: metadata: expected an object, got {type(metadata).__name__}")
        return {**obj, "metadata": metadata or {}}
