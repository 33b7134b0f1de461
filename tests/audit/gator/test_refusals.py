"""Templates that are refused, in the words that gator 3.23 was seen to say."""

from __future__ import annotations

import pytest

from audit.gator.refusals import place, refused
from audit.hooks.engines import engines
from constraints import PolicyError

HEAD = "package probe\n"
RULE = 'violation[{"msg": "m"}] { true }\n'
STEP, COMPILING = "invalid ConstraintTemplate", "unable to compile modules"
UNDEFINED = "rego_type_error: undefined function"


@pytest.mark.parametrize(
    ("rego", "libs", "said"),
    [
        pytest.param("p { true }", [], f"{STEP}: 1 error occurred: template:1: rego_parse_error: package expected", id="no package"),
        pytest.param(HEAD, [], f"{STEP}: invalid rego: invalid module: missing required rules: [violation]", id="no violation"),
        pytest.param(f"{HEAD}import data.a\nimport data.b\n{RULE}", [], f'{STEP}: invalid import: bad import: "data.a"', id="an import"),
        pytest.param(f"{HEAD}{RULE}x {{ data.c.d; data[input.e] }}", [], f"{STEP}: invalid data references: check refs failed on module {{template}}: errors (2):\ndisallowed ref data.c.d\ndisallowed ref data[input.e]", id="data that no template may read"),
        pytest.param(f"{HEAD}{RULE}x {{ and(1) }}", [], f"{STEP}: 1 error occurred: template:3: rego_type_error: and: arity mismatch\n\thave: (number)\n\twant: (set[any],set[any])", id="an operator by its name"),
        pytest.param(f"{HEAD}{RULE}x {{ foo(1) }}", [], f"{COMPILING}: 1 error occurred: template:3: {UNDEFINED} foo", id="one function"),
        pytest.param(f"{HEAD}{RULE}x {{ foo(1) }}\ny {{ bar(1) }}", [], f"{COMPILING}: 2 errors occurred:\ntemplate:3: {UNDEFINED} foo\ntemplate:4: {UNDEFINED} bar", id="two functions"),
        pytest.param(f"{HEAD}{RULE}", ["package other\na = 1"], f"{STEP}: invalid lib prefix: path data.other not found in lib prefixes", id="a library elsewhere"),
        pytest.param(f"{HEAD}{RULE}", ["package lib.other\na { foo(1) }"], f'{COMPILING}: 1 error occurred: libs["lib_0"]:2: {UNDEFINED} foo', id="a function of a library"),
    ],
)  # fmt: skip
def test_a_template_is_refused_in_gators_words(rego: str, libs: list[str], said: str) -> None:
    error = refusal(rego, libs)
    assert refused(error) == said
    assert place(error).startswith("at ")


def test_what_gator_has_no_words_for_stays_as_it_is() -> None:
    assert (refused(PolicyError("spec is missing")), place(PolicyError(""))) == ("spec is missing", "")


def refusal(rego: str, libs: list[str]) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        engines()["Rego"].compile("Probe", {"rego": rego, "libs": libs})
    return caught.value
