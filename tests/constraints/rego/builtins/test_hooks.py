"""What reaches out of a policy does so by the hooks, and exists only where it is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call

from constraints.rego.builtins import BUILTINS, Builtin, Capabilities
from constraints.rego.builtins.outside import Outside


class World:
    """A context whose hooks note what they are asked."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.memory: dict[Any, Any] = {}
        self.outside = Outside(
            entropy=lambda size: self.note(bytes(range(1, size + 1))),
            print=self.note,
            trace=self.note,
            external_data=lambda request: self.note({"responses": [], "request": request}),
            http_send=lambda request: self.note({"status_code": 200}),
            lookup_ip_addr=lambda name: self.note(["127.0.0.1", "::1"]),
        )

    def note(self, what: Any) -> Any:
        self.seen.append(what)
        return what


def test_print_joins_values_and_shows_what_is_undefined() -> None:
    world = World()
    call("internal.print", world, [S("a", "b"), S(), S(1), "c"])
    assert world.seen == ["a <undefined> 1 c", "b <undefined> 1 c"]


def test_a_policy_learns_nothing_of_the_program_that_runs_it() -> None:
    assert call("opa.runtime", World()) == "{}"


def test_a_trace_is_true() -> None:
    world = World()
    assert call("trace", world, "here") == "true"
    assert world.seen == ["here"]


def test_chance_is_the_same_for_the_same_seed_in_a_query() -> None:
    world = World()
    first = call("rand.intn", world, "seed", 1000)
    assert [call("rand.intn", world, "seed", bound) for bound in (1000, -1000)] == [first, first]
    assert call("rand.intn", world, "seed", 0) == "0"
    assert len(world.seen) == 1


@pytest.mark.parametrize(
    ("name", "argument", "answer"),
    [
        ("external_data", {"provider": "p"}, '{"request": {"provider": "p"}, "responses": []}'),
        ("http.send", {"url": "u", "method": "get"}, '{"status_code": 200}'),
        ("net.lookup_ip_addr", "localhost", '{"127.0.0.1", "::1"}'),
    ],
)
def test_the_same_question_is_asked_once(name: str, argument: Any, answer: str) -> None:
    world = World()
    assert [call(name, world, argument) for _ in range(2)] == [answer, answer]
    assert len(world.seen) == 1


def test_a_hook_that_is_not_filled_is_an_error() -> None:
    world = World()
    world.outside = Outside()
    assert call("external_data", world, {}) == "eval_builtin_error: there is no external data in this evaluation"


@pytest.mark.parametrize(
    ("capabilities", "name", "there"),
    [
        (Capabilities(), "http.send", False),
        (Capabilities(), "net.lookup_ip_addr", False),
        (Capabilities(), "count", True),
        (Capabilities(enabled=frozenset({"http.send"})), "http.send", True),
        (Capabilities(disabled=frozenset({"count"})), "count", False),
        (Capabilities(frozenset({"http.send"}), frozenset({"http.send"})), "http.send", False),
    ],
)
def test_a_builtin_exists_only_where_it_is_allowed(capabilities: Capabilities, name: str, there: bool) -> None:
    assert (name in capabilities.builtins()) is there


def test_a_builtin_says_which_extra_it_needs() -> None:
    assert BUILTINS["crypto.x509.parse_certificates"].missing == ""
    assert Builtin("f", len, ("any",)).missing == ""


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"method": "get"}, 'missing required request parameters(s): {"url"}'),
        ({"method": "get", "url": "u", "b": 1, "a": 1}, 'invalid request parameters(s): {"a", "b"}'),
    ],
)
def test_a_request_says_what_it_must_and_may(request_: dict[str, Any], error: str) -> None:
    assert call("http.send", World(), request_) == f"eval_type_error: operand 1 {error}"
