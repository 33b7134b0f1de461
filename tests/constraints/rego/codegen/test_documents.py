"""References into `data` that name no rule, or several: as OPA 1.17.1 answers them."""

from __future__ import annotations

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.inventory import EMPTY

LIB = "package lib.a\n\nx := 1"


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        pytest.param("data.lib[input.parameters.package].x == 1", True, id="a package that a parameter names"),
        pytest.param("data.lib[input.review.package].x == 1", True, id="a package that the review names"),
        pytest.param("data.lib[name].x == 1", True, id="any package"),
        pytest.param("data.lib[input.parameters.nope]", False, id="a parameter that is not there names none"),
        pytest.param("data.lib[input.parameters.nope].x", False, id="and nothing is in it"),
        pytest.param("data.lib[input.parameters.nope][_]", False, id="nor at any key of it"),
        pytest.param("data.lib[input.review.nope]", False, id="nor where the review does not say its name"),
        pytest.param("not data.lib[input.parameters.nope]", False, id="its key is looked at before what is negated"),
    ],
)
def test_a_package_is_found_by_its_name(body: str, holds: bool) -> None:
    rego = f'package k\n\nviolation[{{"msg": "m"}}] {{ {body} }}'
    program = RegoDriver().compile("Probe", {"rego": rego, "libs": [LIB]}).program({"package": "a"})
    assert bool(list(program({"package": "a"}, EMPTY))) is holds
