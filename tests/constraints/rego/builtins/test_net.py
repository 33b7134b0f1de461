"""Networks with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call

from constraints.errors import EvaluationError
from constraints.rego.builtins import BUILTINS


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("net.cidr_contains", ["10.0.0.0/8", "10.1.2.3"], "true"),
        ("net.cidr_contains", ["10.0.0.0/8", "10.1.0.0/24"], "true"),
        ("net.cidr_contains", ["172.17.0.0/24", "172.17.0.0/16"], "false"),
        ("net.cidr_contains", ["::/0", "1.2.3.4"], "false"),
        ("net.cidr_contains", ["1.2.3.0/24", "::ffff:1.2.3.4"], "true"),
        ("net.cidr_contains", ["2001:4860:4860::8888/32", "2001:4860:4860:1234::8888/40"], "true"),
        ("net.cidr_contains", ["x", "1.2.3.4"], "eval_builtin_error: invalid CIDR address: x"),
        (
            "net.cidr_contains",
            ["1.2.3.0/24", "x"],
            "eval_builtin_error: not a valid textual representation of an IP address or CIDR: x",
        ),
        ("net.cidr_contains", [1, "x"], "eval_type_error: operand 1 must be string but got number"),
        ("net.cidr_overlap", ["10.0.0.0/8", "10.1.2.3"], "true"),
        ("net.cidr_intersects", ["192.168.1.0/25", "192.168.1.64/25"], "true"),
        ("net.cidr_intersects", ["192.168.1.0/24", "192.168.2.0/24"], "false"),
        ("net.cidr_intersects", ["1.2.3.4/24", "x"], "eval_builtin_error: invalid CIDR address: x"),
        ("net.cidr_is_valid", ["192.168.1.0/24"], "true"),
        ("net.cidr_is_valid", ["::1/128"], "true"),
        ("net.cidr_is_valid", ["1.2.3.4/33"], "false"),
        ("net.cidr_is_valid", ["01.2.3.4/8"], "false"),
        ("net.cidr_is_valid", ["fe80::1%eth0/64"], "false"),
        ("net.cidr_is_valid", ["1.2.3.4"], "false"),
        ("net.cidr_is_valid", ["1.2.3.4/08"], "true"),
        ("net.cidr_is_valid", ["1.2.3.4/-1"], "false"),
        ("net.cidr_is_valid", [""], "false"),
        ("net.cidr_expand", ["192.168.1.1/30"], '{"192.168.1.0", "192.168.1.1", "192.168.1.2", "192.168.1.3"}'),
        ("net.cidr_expand", ["::1/127"], '{"::", "::1"}'),
        ("net.cidr_expand", ["192.168.1.1/33"], "eval_builtin_error: invalid CIDR address: 192.168.1.1/33"),
        (
            "net.cidr_merge",
            [["fe80::/120", "192.0.2.0/24", "192.0.3.0/24", "192.0.4.0/25", "192.0.4.128/25"]],
            '{"192.0.2.0/23", "192.0.4.0/24", "fe80::/120"}',
        ),
        ("net.cidr_merge", [["192.0.2.112"]], '{"192.0.2.112/24"}'),
        ("net.cidr_merge", [["192.0.2.112", "192.0.2.116/31"]], '{"192.0.2.0/24"}'),
        ("net.cidr_merge", [["10.0.0.1", "172.16.5.4"]], '{"10.0.0.1/8", "172.16.5.4/16"}'),
        ("net.cidr_merge", [["::/0", "fe80::1/128"]], '{"::/0"}'),
        ("net.cidr_merge", [["0.0.0.0/0", "1.2.3.4/32"]], '{"0.0.0.0/0"}'),
        ("net.cidr_merge", [S("192.0.2.112/30", "192.0.2.116/31", "192.0.2.118/31")], '{"192.0.2.112/29"}'),
        ("net.cidr_merge", [[]], "set()"),
        ("net.cidr_merge", [["::1"]], "eval_builtin_error: IPv6 invalid: needs prefix length"),
        ("net.cidr_merge", [["x"]], "eval_builtin_error: invalid CIDR address: x"),
        ("net.cidr_contains_matches", [["1.1.2.0/24", ["1.1.1.0/24", 1]], S("1.1.1.1")], '{[1, "1.1.1.1"]}'),
        (
            "net.cidr_contains_matches",
            [{"k1": "1.1.1.1/24", "k2": ["1.1.1.2/24", 1]}, "1.1.1.128"],
            '{["k1", "1.1.1.128"], ["k2", "1.1.1.128"]}',
        ),
        (
            "net.cidr_contains_matches",
            [[[]], "1.1.1.1"],
            "eval_builtin_error: operand 1: element must be string or non-empty array",
        ),
        (
            "net.cidr_contains_matches",
            ["1.1.1.0/24", ["x"]],
            "eval_builtin_error: not a valid textual representation of an IP address or CIDR: x",
        ),
    ],
)
def test_networks_are_go_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


def test_a_network_that_no_memory_holds_ends_the_evaluation_and_is_not_undefined() -> None:
    found = BUILTINS["net.cidr_expand"].run("10.0.0.0/8")
    assert len(found) == 1 << 24
    with pytest.raises(EvaluationError, match="a value becomes too large"):
        list(found)
    with pytest.raises(EvaluationError, match="a value becomes too large"):
        BUILTINS["net.cidr_expand"].run("::/1")
