"""Writes the status of an object without losing what was to be written, and without touching what is not ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import Enum

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from audit.errors import Conflict, NotFound
from audit.kube.client import Client
from audit.kube.request import get_object, merge_patch
from audit.model import Resource
from constraints.dataclass import dataclass
from constraints.model import Json, Object

Change = Callable[[Object], Json]
Metadata = Mapping[str, Json]


class Written(Enum):
    """What became of a write."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Subject:
    """Which object a status belongs to: the one of that name, or with a `uid` only that very one.

    `version` is the resourceVersion that was seen last, with which the first try is made.
    """

    resource: Resource
    name: str
    namespace: str = ""
    uid: str = ""
    version: str = ""

    @classmethod
    def of(cls, resource: Resource, obj: Object) -> Subject:
        """The target of an object as it was read."""
        metadata = obj["metadata"]
        name, namespace, uid, version = (
            str(metadata.get(key) or "") for key in ("name", "namespace", "uid", "resourceVersion")
        )
        return cls(resource, name, namespace, uid, version)


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Merge-patches the status subresource of objects with `client`.

    A conflict is tried again up to `attempts` times; `sleep` waits between, in seconds. May be shared by threads.
    """

    client: Client
    attempts: int = 6
    sleep: Callable[[float], object] = time.sleep

    def patch(self, target: Subject, patch: Object) -> Written:
        """Set the fields in `patch` (`{"status": {...}}`, null removes one), whatever the others are by now.

        GONE when the object is no more, or another one has its name. Raises a KubeError; nothing is written then.
        """
        if target.uid:
            return self._patch_that_very(target, patch)
        request = merge_patch(target.resource, target.name, patch, target.namespace, "status")
        try:
            self._retrying()(self.client.send, request)
        except NotFound:
            return self._gone(target.resource, target.name, target.namespace)
        return Written.WRITTEN

    def change(self, resource: Resource, name: str, change: Change, namespace: str = "") -> Written:
        """Patch with what `change` makes of the object as it is; None leaves it unchanged.

        For lists that others write to as well, such as `status.byPod`: when somebody was faster, the object is read
        again and `change` asked again. GONE and KubeError as in `patch`.
        """
        try:
            return self._retrying()(self._change, resource, name, change, namespace)
        except NotFound:
            return self._gone(resource, name, namespace)

    def _patch_that_very(self, target: Subject, patch: Object) -> Written:
        """An API server ignores a uid in a patch of a custom resource's status, but heeds a resourceVersion.

        So the state that was seen last is the precondition; when there is a newer one, its uid is looked at.
        """
        if target.version:
            try:
                return self._send(target, target.version, patch)
            except (Conflict, NotFound):
                pass  # changed, or gone: what is there now tells
        try:
            return self._retrying()(self._patch_if_same, target, patch)
        except NotFound:
            return self._gone(target.resource, target.name, target.namespace)

    def _patch_if_same(self, target: Subject, patch: Object) -> Written:
        metadata = self._read(target.resource, target.name, target.namespace)[1]
        if metadata.get("uid") != target.uid:
            return Written.GONE
        return self._send(target, metadata.get("resourceVersion"), patch)

    def _send(self, target: Subject, version: Json, patch: Object) -> Written:
        guarded = {**patch, "metadata": {"resourceVersion": version}}
        self.client.send(merge_patch(target.resource, target.name, guarded, target.namespace, "status"))
        return Written.WRITTEN

    def _change(self, resource: Resource, name: str, change: Change, namespace: str) -> Written:
        current, metadata = self._read(resource, name, namespace)
        patch = change(current)
        if patch is None:
            return Written.UNCHANGED
        return self._send(Subject(resource, name, namespace), metadata.get("resourceVersion"), patch)

    def _read(self, resource: Resource, name: str, namespace: str) -> tuple[Object, Metadata]:
        current: Object = self.client.send_json(get_object(resource, name, namespace))
        return current, current["metadata"]

    def _gone(self, resource: Resource, name: str, namespace: str) -> Written:
        """Tell an object that is no more from a kind without status subresource, and from a 404 of somebody between.

        Only of an object that is no more does the API server's own answer give the name.
        """
        try:
            self.client.send(get_object(resource, name, namespace))
        except NotFound as error:
            if error.hints.name != name:
                raise
            return Written.GONE
        raise NotFound(f"{resource.kind} {name}: it exists, but its kind has no status subresource", status=404)

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            sleep=self._pause,
            reraise=True,
        )

    def _pause(self, seconds: float) -> None:
        self.sleep(seconds)
