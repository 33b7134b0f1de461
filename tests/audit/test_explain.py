from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from audit.cli import main

TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: allowed}
spec:
  crd:
    spec:
      names: {kind: Allowed}
      validation:
        openAPIV3Schema:
          type: object
          properties:
            repos: {type: array, items: {type: string}}
            word: {type: string, default: wrong}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package allowed
      import data.lib.names
      violation[{"msg": msg}] {
        container := input.review.object.spec.containers[_]
        not strings.any_prefix_match(container.image, input.parameters.repos)
        msg := sprintf("%v: %v", [input.parameters.word, names.of(container)])
      }
    libs:
    - |
      package lib.names

      of(thing) = lower(thing.name)
"""
CONSTRAINT = """
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Allowed
metadata: {name: ours}
spec: {parameters: {repos: [ours/]}}
"""
Explained = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "c.yaml").write_text(CONSTRAINT)
    return tmp_path


def explained(capsys: pytest.CaptureFixture[str], *arguments: Path | str) -> Explained:
    """Exit code, output and errors."""
    code = main(["explain", *map(str, arguments)])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_a_constraint_is_shown_as_python_below_the_lines_of_its_policy(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = explained(capsys, folder / "t.yaml", folder / "c.yaml")
    assert (code, err) == (0, "")
    assert ast.parse(out)
    assert out.startswith("# Allowed/ours\n")
    assert "    # template:4: container := input.review.object.spec.containers[_]\n" in out
    assert '# libs["lib_0"]:3: of(thing) = lower(thing.name)' in out
    assert "ours/" in out
    assert "wrong: " in out  # the schema's default
    assert "input" not in "".join(line for line in out.splitlines() if "#" not in line)


def test_without_a_constraint_the_parameters_are_empty(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = explained(capsys, folder / "t.yaml")
    assert (code, err) == (0, "")
    assert out.startswith("# Allowed without parameters\n")
    assert ast.parse(out)


def test_one_file_may_hold_a_template_and_its_constraints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = CONSTRAINT.replace("ours", "theirs")
    (folder / "all.yaml").write_text("\n---\n".join((TEMPLATE, CONSTRAINT, other)))
    code, out, err = explained(capsys, folder / "all.yaml")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.startswith("# Allowed")] == ["# Allowed/ours", "# Allowed/theirs"]
    assert ast.parse(out)


def test_nothing_in_a_policy_breaks_out_of_its_comment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    obj = yaml.safe_load(TEMPLATE)
    rego = 'package p\nviolation[{"msg": m}] { input.x # a\r\u2028\x1b[2J\u202e\n m := "\\u001b\\n\u202e" }'
    obj["spec"]["targets"][0].update(rego=rego, libs=[])
    (folder / "t.yaml").write_text(yaml.safe_dump(obj))
    code, out, err = explained(capsys, folder / "t.yaml")
    assert (code, err) == (0, "")
    assert ast.parse(out)
    assert [char for char in out if not char.isprintable() and char != "\n"] == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("container :=", "container := := ", "Allowed/template:4:16: rego_parse_error: unexpected assign token"),
        ("lower(", "absent(", 'Allowed/libs["lib_0"]:3:13: rego_type_error: undefined function absent'),
        ("of(container)", "of(container, 1)", "Allowed/template:6:52: rego_type_error: function data.libs.lib.names.of has arity 1, got 2 arguments"),
        ("{name: allowed}", "{name: other}", 'metadata.name "other": "Allowed"'),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_used_is_one_line_and_fails(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, text: str
) -> None:
    (folder / "t.yaml").write_text(TEMPLATE.replace(old, new))
    code, out, err = explained(capsys, folder / "t.yaml")
    assert (code, out) == (1, "")
    assert err.startswith(f'patrol: file: "{folder}/t.yaml", document 1, line 1: ')
    assert text in err
    assert err.count("\n") == 1


def test_a_constraint_that_cannot_be_used_is_one_line_and_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.yaml").write_text(CONSTRAINT.replace("[ours/]", "5"))
    code, out, err = explained(capsys, folder / "t.yaml", folder / "c.yaml")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "spec.parameters.repos" in err


def test_what_can_be_used_is_shown_beside_what_cannot(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = TEMPLATE.replace("llowed", "ad").replace("lower(", "absent(")
    wrong = CONSTRAINT.replace("[ours/]", "5").replace("ours", "wrong")
    (folder / "all.yaml").write_text("\n---\n".join((bad, TEMPLATE, wrong, CONSTRAINT)))
    code, out, err = explained(capsys, folder / "all.yaml")
    assert (code, err.count("\n")) == (1, 2)
    assert "undefined function absent" in err
    assert "spec.parameters.repos" in err
    assert [line for line in out.splitlines() if line.startswith("# Allowed")] == ["# Allowed/ours"]


def test_integers_of_any_length_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    obj = yaml.safe_load(TEMPLATE)
    rego = f'package p\nviolation[{{"msg": "x"}}] {{ input.review.object.n > {"7" * 5000} }}'
    obj["spec"]["targets"][0].update(rego=rego, libs=[])
    (folder / "t.yaml").write_text(yaml.safe_dump(obj))
    code, out, err = explained(capsys, folder / "t.yaml")
    assert (code, err) == (0, "")
    assert ast.parse(out)


def test_a_file_without_a_template_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(capsys, folder / "c.yaml") == (1, "", f'patrol: file: "{folder}/c.yaml": no ConstraintTemplate\n')
    assert explained(capsys, folder / "no.yaml")[0] == 1


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["--bogus", "a"]])
def test_wrong_use_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = explained(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.endswith("; see patrol explain --help\n")


def test_a_policy_that_reaches_out_is_explained_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = 'http.send({"method": "get", "url": container.image}).status_code == 200'
    (folder / "t.yaml").write_text(
        TEMPLATE.replace("not strings.any_prefix_match(container.image, input.parameters.repos)", call)
    )
    code, out, _ = explained(capsys, folder / "t.yaml")
    assert code == 0
    assert "http.send" in out
