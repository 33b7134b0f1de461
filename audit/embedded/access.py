"""Who may do what: bearer tokens, users and rules; refusals in the words of a real API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.embedded.refusals import Refusal, details
from audit.embedded.routing import Target
from constraints.dataclass import dataclass

ANYBODY = "system:anonymous"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule is about, as in a Role: `*` stands for everything.

    `resources` may name subresources (`pods/status`, `*/status`). No `names` means all; `namespaces` restricts the rule
    to those (a Role), None does not. `urls` are non-resource paths (`/version`, `/openapi/*`).
    """

    verbs: Sequence[str] = ("*",)
    groups: Sequence[str] = ("*",)
    resources: Sequence[str] = ("*",)
    names: Sequence[str] = ()
    namespaces: Sequence[str] | None = None
    urls: Sequence[str] = ()

    def covers(self, verb: str, target: Target) -> bool:
        """Whether the rule is about this."""
        resource = f"{target.served.plural}/{target.subresource}" if target.subresource else target.served.plural
        return (
            _in(verb, self.verbs)
            and _in(target.served.kind.group, self.groups)
            and (_in(resource, self.resources) or f"*/{target.subresource}" in self.resources)
            and (not self.names or target.name in self.names)
            and (self.namespaces is None or target.namespace in self.namespaces)
        )

    def covers_url(self, verb: str, path: str) -> bool:
        """Whether the rule is about this path outside the resources."""
        fits = any(path == url or (url.endswith("*") and path.startswith(url[:-1])) for url in self.urls)
        return fits and _in(verb, self.verbs)


def _in(value: str, allowed: Sequence[str]) -> bool:
    return "*" in allowed or value in allowed


# What every authenticated user may read of a real cluster (system:discovery).
DISCOVERY = Rule(
    ("get",),
    urls=(
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/version",
        "/version/",
        "/openapi",
        "/openapi/*",
        "/healthz",
        "/livez",
        "/readyz",
    ),
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user and what it may do; without rules it may read the discovery documents only."""

    user: str
    rules: tuple[Rule, ...] = ()


class Access:
    """The doorman. Without accounts everybody is let in; `denied` rules come first and hold for all.

    `accounts` maps bearer tokens to accounts; with at least one, a request without a known token is refused (401).
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.denied: list[Rule] = []

    def account(self, headers: Mapping[str, str]) -> Account:
        """Who asks; raises Refusal (401)."""
        if not self.accounts:
            return Account(ANYBODY, (Rule(urls=("*",)),))
        found = self.accounts.get(headers.get("authorization", "").removeprefix("Bearer "))
        if found is None:
            raise Refusal(401, "Unauthorized", "Unauthorized")
        return found

    def check(self, account: Account, verb: str, target: Target) -> None:
        """Raises Refusal (403) when this account may not do this."""
        denied = any(rule.covers(verb, target) for rule in self.denied)
        if denied or not any(rule.covers(verb, target) for rule in account.rules):
            raise _forbidden(account.user, verb, target)

    def check_url(self, account: Account, method: str, path: str) -> None:
        """Raises Refusal (403) when this account may not read this path outside the resources."""
        verb = method.lower()
        denied = any(rule.covers_url(verb, path) for rule in self.denied)
        if denied or not any(rule.covers_url(verb, path) for rule in (DISCOVERY, *account.rules)):
            message = f'forbidden: User "{account.user}" cannot {verb} path "{path}"'
            raise Refusal(403, "Forbidden", message)


def _forbidden(user: str, verb: str, target: Target) -> Refusal:
    served = target.served
    resource = f"{served.plural}/{target.subresource}" if target.subresource else served.plural
    group = served.kind.group
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    named = f' "{target.name}"' if target.name else ""
    message = f'{served.qualified}{named} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
    return Refusal(403, "Forbidden", message, details(served, target.name))
