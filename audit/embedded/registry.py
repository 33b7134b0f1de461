"""Which resources are served: the built-in ones from one table, and those that CustomResourceDefinitions add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from constraints.dataclass import dataclass
from constraints.model import Json, Kind

VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Served:
    """One resource in one version.

    `storage` names the objects' store, shared by all versions and groups that serve them. `subresource` says whether
    `status` is written on its own path, `generation` whether `metadata.generation` counts changes. `schema` and
    `columns` come from a CustomResourceDefinition; `custom` marks those.
    """

    kind: Kind
    plural: str
    namespaced: bool
    storage: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresource: bool = False
    generation: bool = False
    custom: bool = False
    singular: str = ""
    list_kind: str = ""
    schema: Json = None
    columns: tuple[Json, ...] = ()
    selectable: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS

    @property
    def qualified(self) -> str:
        """`deployments.apps`, or `pods` for the core group."""
        return f"{self.plural}.{self.kind.group}" if self.kind.group else self.plural

    @property
    def prefix(self) -> bytes:
        """How the JSON of an object begins; what is stored comes after it."""
        return f'{{"kind":"{self.kind.kind}","apiVersion":"{self.kind.api_version}",'.encode()

    @property
    def item_prefix(self) -> bytes:
        """How an item of a list begins: lists of built-in kinds do not repeat kind and apiVersion."""
        return self.prefix if self.custom else b"{"

    def key(self, namespace: str, name: str) -> str:
        """Where the object is stored: the tail of etcd's key."""
        return f"{namespace}/{name}" if self.namespaced else name


# group/version, plural, kind, marks, short names. Marks: n namespaced, s status subresource, g generation, a category
# `all`, c nothing but create.
_TABLE: Final = """
v1 namespaces Namespace s ns
v1 nodes Node s no
v1 persistentvolumes PersistentVolume s pv
v1 persistentvolumeclaims PersistentVolumeClaim ns pvc
v1 pods Pod nsa po
v1 services Service nsa svc
v1 endpoints Endpoints n ep
v1 configmaps ConfigMap n cm
v1 secrets Secret n
v1 serviceaccounts ServiceAccount n sa
v1 events Event n ev
v1 limitranges LimitRange n limits
v1 resourcequotas ResourceQuota ns quota
v1 replicationcontrollers ReplicationController nsga rc
v1 podtemplates PodTemplate ng
apiregistration.k8s.io/v1 apiservices APIService s
apps/v1 deployments Deployment nsga deploy
apps/v1 replicasets ReplicaSet nsga rs
apps/v1 statefulsets StatefulSet nsga sts
apps/v1 daemonsets DaemonSet nsga ds
apps/v1 controllerrevisions ControllerRevision n
events.k8s.io/v1 events Event n ev
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler nsa hpa
autoscaling/v1 horizontalpodautoscalers HorizontalPodAutoscaler nsa hpa
batch/v1 jobs Job nsga
batch/v1 cronjobs CronJob nsga cj
authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview c
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest s csr
networking.k8s.io/v1 ingresses Ingress nsg ing
networking.k8s.io/v1 ingressclasses IngressClass g
networking.k8s.io/v1 networkpolicies NetworkPolicy ng netpol
policy/v1 poddisruptionbudgets PodDisruptionBudget nsg pdb
rbac.authorization.k8s.io/v1 clusterroles ClusterRole -
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding -
rbac.authorization.k8s.io/v1 roles Role n
rbac.authorization.k8s.io/v1 rolebindings RoleBinding n
storage.k8s.io/v1 storageclasses StorageClass - sc
storage.k8s.io/v1 volumeattachments VolumeAttachment s
storage.k8s.io/v1 csidrivers CSIDriver -
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration g
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration g
admissionregistration.k8s.io/v1 validatingadmissionpolicies ValidatingAdmissionPolicy sg
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding g
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition sg crd,crds
scheduling.k8s.io/v1 priorityclasses PriorityClass g pc
coordination.k8s.io/v1 leases Lease n
discovery.k8s.io/v1 endpointslices EndpointSlice ng
"""


def _built_in(row: str) -> Served:
    api_version, plural, name, marks, *short = row.split()
    kind = Kind.of(api_version, name)
    shared_group = "" if kind.group == "events.k8s.io" else kind.group
    return Served(
        kind=kind,
        plural=plural,
        namespaced="n" in marks,
        storage=f"{shared_group}/{plural}",
        short_names=tuple(short[0].split(",")) if short else (),
        categories=("all",) if "a" in marks else (),
        subresource="s" in marks,
        generation="g" in marks,
        singular=name.lower(),
        list_kind=f"{name}List",
        verbs=("create",) if "c" in marks else VERBS,
    )


BUILT_IN: Final = tuple(_built_in(row) for row in _TABLE.strip().splitlines())


class Registry:
    """What is served now, in the order in which discovery shows it."""

    def __init__(self, served: Iterable[Served] = BUILT_IN) -> None:
        self._by_path: dict[tuple[str, str, str], Served] = {}
        self._by_kind: dict[Kind, Served] = {}
        for one in served:
            self.add(one)

    def add(self, served: Served) -> None:
        """Serve this resource from now on; it replaces one with the same path."""
        self._by_path[served.kind.group, served.kind.version, served.plural] = served
        self._by_kind[served.kind] = served

    def remove(self, group: str, plural: str) -> None:
        """Stop serving this resource, in all versions."""
        for served in [one for one in self if (one.kind.group, one.plural) == (group, plural)]:
            del self._by_path[served.kind.group, served.kind.version, served.plural]
            self._by_kind.pop(served.kind, None)

    def __iter__(self) -> Iterator[Served]:
        return iter(tuple(self._by_path.values()))

    def at(self, group: str, version: str, plural: str) -> Served | None:
        """The resource at this place in a path."""
        return self._by_path.get((group, version, plural))

    def of(self, kind: Kind) -> Served | None:
        """The resource of this kind, in this version."""
        return self._by_kind.get(kind)

    def named(self, kind: str) -> Served | None:
        """The first resource whose kind has this name, whatever its group."""
        return next((one for one in self if one.kind.kind == kind), None)

    def groups(self) -> dict[str, list[str]]:
        """Each group's versions, the preferred one first."""
        found: dict[str, set[str]] = {}
        for served in self:
            found.setdefault(served.kind.group, set()).add(served.kind.version)
        return {group: sorted(versions, key=version_rank) for group, versions in found.items()}

    def resources(self, group: str, version: str) -> list[Served]:
        """All resources of one version of a group."""
        return [one for one in self if (one.kind.group, one.kind.version) == (group, version)]


_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?\Z")
_STABILITY = {None: 0, "beta": 1, "alpha": 2}


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as Kubernetes prefers them: v2, v1, v2beta1, v1alpha1, then other names by alphabet."""
    found = _VERSION.match(version)
    if found is None:
        return (3, 0, 0, version)
    major, stability, minor = found.groups()
    return (_STABILITY[stability], -int(major), -int(minor or 0), version)
