"""The engine `K8sNativeValidation`: a template's CEL, as a ValidatingAdmissionPolicy would read it (compatibility,
section 8.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from constraints.errors import CompileError
from constraints.fields import Fields
from constraints.model import CEL, Json

if TYPE_CHECKING:
    from constraints.drivers.celpolicy import CelPolicy

_POLICIES: Final = ("Fail", "Ignore")


class CelDriver:
    """Compiles CEL. `failure_policy` holds for templates that name none."""

    engine = CEL

    def __init__(self, failure_policy: str = "Fail") -> None:
        self._failure_policy = failure_policy

    def compile(self, kind: str, source: Mapping[str, Json]) -> CelPolicy:
        """Raises CompileError for a source of the wrong shape; a wrong expression fails when it is evaluated."""
        fields = Fields(source, kind, CompileError)
        policy = fields.text("failurePolicy", self._failure_policy)
        if policy not in _POLICIES:
            raise fields.error("failurePolicy", f"is none of {', '.join(_POLICIES)}", policy)
        from constraints.drivers.celpolicy import Assembly, CelPolicy  # late: takes as long to import as Rego

        return CelPolicy(Assembly(kind, fields), strict=policy == "Fail")
