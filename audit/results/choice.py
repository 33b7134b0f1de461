"""Which violations are wanted (pure)."""

from __future__ import annotations

from collections.abc import Callable

from audit.results.reading import Found
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """What a violation has to be; an empty field takes all.

    `kinds` are `Pod` or `Deployment.apps`, `constraints` a kind, a name, or both as
    `K8sRequiredLabels/must-have-owner`; case counts in neither, nor in `text`, which is somewhere in the message.
    """

    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    text: str = ""

    def test(self) -> Callable[[Found], bool]:
        """Whether a violation is wanted."""
        kinds, constraints, text = _lower(self.kinds), _lower(self.constraints), self.text.lower()

        def wanted(found: Found) -> bool:
            return (
                (not self.namespaces or found.namespace in self.namespaces)
                and (not kinds or bool(kinds & _lower((found.kind, f"{found.kind}.{found.group}"))))
                and (not constraints or bool(constraints & _lower(_names(found))))
                and (not self.actions or bool(_actions(found) & set(self.actions)))
                and text in found.message.lower()
            )

        return wanted


def _names(found: Found) -> tuple[str, ...]:
    return found.constraint_kind, found.constraint_name, found.constraint


def _actions(found: Found) -> set[str]:
    """The action, and for a scoped constraint those of the audit, too."""
    scoped = found.fields.get("constraint_enforcement_actions")
    return {found.action, *(each for each in scoped if isinstance(each, str))} if scoped else {found.action}


def _lower(words: tuple[str, ...]) -> set[str]:
    return {word.lower() for word in words}
