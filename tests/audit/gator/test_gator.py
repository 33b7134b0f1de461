"""`patrol test`: what it prints and how it ends, as `gator test` does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.gator import main

TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: labelled}
spec:
  crd:
    spec:
      names: {kind: Labelled}
      validation:
        openAPIV3Schema: {type: object, properties: {label: {type: string}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package labelled
      violation[{"msg": msg, "details": {"label": wanted}}] {
        wanted := input.parameters.label
        not input.review.object.metadata.labels[wanted]
        msg := sprintf("label \\"%v\\" is <missing>", [wanted])
      }
"""
CONSTRAINT = """
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Labelled
metadata: {name: owner}
spec:
  ENFORCED
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  parameters: {label: owner}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"
LINE = 'v1/Pod shop/web: ["owner"] Message: "label \\"owner\\" is <missing>"\n'
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Writes documents to a file and tests it; gives exit code, output and errors."""

    def run(*documents: str, flags: tuple[str, ...] = ()) -> tuple[int, str, str]:
        (tmp_path / "in.yaml").write_text("---\n".join(documents))
        code = main([*flags, "-f", str(tmp_path / "in.yaml")])
        found = capsys.readouterr()
        return code, found.out, found.err.replace(str(tmp_path), "DIR")

    return run


@pytest.mark.parametrize("flags", [(), ("-o=json",), ("--stats", "-o=json")])
def test_a_policy_that_reads_a_request_is_noted_on_stderr_and_counts_all_the_same(
    run: Run, flags: tuple[str, ...]
) -> None:
    reading = TEMPLATE.replace("wanted := input", 'input.review.operation != "UPDATE"\n        wanted := input')
    constraint = CONSTRAINT.replace("ENFORCED", "enforcementAction: deny")
    plain = run(TEMPLATE, constraint, POD, flags=("-o=json",))
    code, out, err = run(reading, constraint, POD, flags=flags)
    assert (code, plain[2]) == (1, "")
    assert ("web" in out, "operation" in out) == (True, False)
    (note,) = err.splitlines()
    assert note.startswith('NOTE - ConstraintTemplate "labelled" reads')
    assert "input.review.operation (Labelled/template:3:3)" in note


def constraint(enforced: str = "") -> str:
    return CONSTRAINT.replace("ENFORCED", enforced)


BOTH_ENGINES = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: both}
spec:
  crd: {spec: {names: {kind: Both}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: Rego
      source:
        rego: |
          package both
          violation[{"msg": "by rego"}] { input.review.kind.kind == "Pod" }
    - engine: K8sNativeValidation
      source:
        validations: [{expression: 'request.kind.kind != "Pod" || object.nope == 1', message: by cel}]
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Both
metadata: {name: c}
"""
FAILED = "expression 'request.kind.kind != \\\"Pod\\\" || object.nope == 1' resulted in error: no such key: nope"


@pytest.mark.parametrize(
    ("flags", "code", "text"),
    [
        ((), 1, FAILED),
        (("--enable-k8s-native-validation=false",), 1, "by rego"),
        (("--default-k8s-native-validation-failure-policy", "Ignore"), 0, ""),
    ],
)
def test_flags_say_which_engine_answers_and_what_its_errors_are(
    run: Run, flags: tuple[str, ...], code: int, text: str
) -> None:
    ended, out, err = run(BOTH_ENGINES, POD, flags=flags)
    assert (ended, err) == (code, "")
    assert text in out
    assert out.count("\n") == code


def test_a_violation_is_a_line_and_denies(run: Run) -> None:
    assert run(TEMPLATE, constraint(), POD) == (1, LINE, "")


def test_without_a_violation_nothing_is_printed(run: Run) -> None:
    labelled = POD.replace("namespace: shop", "labels: {owner: me}")
    assert run(TEMPLATE, constraint(), labelled) == (0, "", "")


def test_without_a_violation_json_is_null_and_yaml_is_empty(run: Run) -> None:
    assert run(TEMPLATE, flags=("-o", "json"))[1] == "null"
    assert run(TEMPLATE, flags=("--output=yaml",))[1] == "[]\n"


@pytest.mark.parametrize(
    ("enforced", "code"),
    [
        pytest.param("enforcementAction: warn", 0, id="a warning does not deny"),
        pytest.param("enforcementAction: dryrun", 0, id="a dry run does not deny"),
        pytest.param("enforcementAction: shout", 0, id="an unknown action does not deny"),
        pytest.param("enforcementAction: deny", 1, id="deny"),
        pytest.param("{enforcementAction: scoped, scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: gator.gatekeeper.sh}]}]}", 1, id="deny among scoped actions"),
        pytest.param("{enforcementAction: scoped, scopedEnforcementActions: [{action: warn, enforcementPoints: [{name: '*'}]}]}", 0, id="a scoped warning"),
    ],
)  # fmt: skip
def test_the_exit_code_says_whether_something_denies(run: Run, enforced: str, code: int) -> None:
    spec = enforced.strip("{}").replace(", scopedEnforcementActions", "\n  scopedEnforcementActions")
    assert run(TEMPLATE, constraint(spec), POD) == (code, LINE, "")


def test_deny_only_hides_the_others(run: Run) -> None:
    warn = constraint("enforcementAction: warn").replace("name: owner", "name: softly")
    assert run(TEMPLATE, warn, POD, flags=("--deny-only",)) == (0, "", "")
    assert run(TEMPLATE, warn, constraint(), POD, flags=("--deny-only",)) == (1, LINE, "")


def test_results_are_sorted_by_action_then_message(run: Run) -> None:
    warn = constraint("enforcementAction: warn").replace("name: owner", "name: a").replace("label: owner", "label: a")
    lower = constraint().replace("name: owner", "name: z").replace("label: owner", "label: app")
    lines = run(TEMPLATE, warn, constraint(), lower, POD)[1].splitlines()
    assert [line.split('"')[1] for line in lines] == ["z", "owner", "a"]


def test_json_is_gators(run: Run) -> None:
    code, out, _ = run(TEMPLATE, constraint(), POD, flags=("-o", "json"))
    assert code == 1
    assert out.startswith(
        '[\n    {\n        "target": "admission.k8s.gatekeeper.sh",\n        "msg": "label \\"owner\\" is \\u003cmissing\\u003e",\n'
    )
    assert out.endswith('\n        "trace": null\n    }\n]')
    (result,) = json.loads(out)
    assert list(result) == ["target", "msg", "metadata", "constraint", "enforcementAction", "violatingObject", "trace"]
    assert result["metadata"] == {"details": {"label": "owner"}}
    assert result["constraint"]["spec"]["enforcementAction"] == "deny"
    assert result["violatingObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
    }


YAML = """- result:
    target: admission.k8s.gatekeeper.sh
    msg: label "owner" is <missing>
    metadata:
        details:
            label: owner
    constraint:
        object:
            apiVersion: constraints.gatekeeper.sh/v1beta1
            kind: Labelled
            metadata:
                name: owner
            spec:
                enforcementAction: deny
                match:
                    kinds:
                        - apiGroups:
                            - ""
                          kinds:
                            - Pod
                parameters:
                    label: owner
    enforcementaction: deny
    scopedenforcementactions: []
  violatingObject:
    apiVersion: v1
    kind: Pod
    metadata:
        name: web
        namespace: shop
  trace: null
"""
SECOND = (
    '- {result: {target: admission.k8s.gatekeeper.sh, msg: label "owner" is <missing>, metadata: {details: {label: owner}}, '
    "constraint: {object: {apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Labelled, metadata: {name: owner}, spec: "
    '{enforcementAction: deny, match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}, parameters: {label: owner}}}}, '
    "enforcementaction: deny, scopedenforcementactions: []}, violatingObject: {apiVersion: v1, kind: Pod, metadata: "
    "{name: api, namespace: shop}}, trace: null}\n"
)


def test_yaml_is_gators_with_further_results_on_a_line_each(run: Run) -> None:
    _, out, _ = run(TEMPLATE, constraint(), POD, POD.replace("web", "api"), flags=("-o", "yaml"))
    assert out == YAML + SECOND


def test_stats_name_template_engine_and_count(run: Run) -> None:
    _, out, _ = run(TEMPLATE, constraint(), POD, flags=("-o", "json", "--stats"))
    found: dict[str, Any] = json.loads(out)
    (entry,) = found["stats"]
    assert [entry["scope"], entry["statsFor"]] == ["template", "Labelled"]
    assert [stat["name"] for stat in entry["stats"]] == ["templateRunTimeNS", "constraintCount"]
    assert entry["stats"][0]["value"] > 0
    assert entry["stats"][1] == {"name": "constraintCount", "value": 1, "source": {"type": "engine", "value": "Rego"}}
    assert len(found["results"]) == 1


@pytest.mark.parametrize(
    ("output", "step"),
    [("json", "marshaling validation json results"), ("yaml", "pre-marshaling results to json")],
)
def test_a_number_in_details_that_json_does_not_take_ends_the_run(run: Run, output: str, step: str) -> None:
    rego = """package labelled
      violation[{"msg": "m", "details": {"b": to_number("01"), "a": to_number("1_0")}}] { true }
"""
    template = TEMPLATE.split("rego: |")[0] + "rego: |\n      " + rego
    code, out, err = run(template, constraint(), POD, flags=["-o", output])
    assert (code, out, err) == (1, "", f'{step}: json: invalid number literal "1_0"\n')


def test_yaml_with_a_number_above_those_of_go_is_not_begun(run: Run) -> None:
    number = "1" + "0" * 400
    rego = f"""package labelled
      violation[{{"msg": "m", "details": {number}}}] {{ true }}
"""
    template = TEMPLATE.split("rego: |")[0] + "rego: |\n      " + rego
    code, out, err = run(template, constraint(), POD, flags=("-o", "yaml"))
    assert (code, out) == (1, "")
    field = "YamlGatorResult.Result.metadata"
    said = f"json: cannot unmarshal number {number} into Go struct field {field} of type float64\n"
    assert err == f"pre-unmarshaling results from json: {said}"


def test_a_template_that_does_not_compile_leaves_the_others_running(run: Run) -> None:
    broken = TEMPLATE.replace("labelled", "broken").replace("Labelled", "Broken").replace("violation[", "violation{[")
    lost = constraint().replace("Labelled", "Broken")
    code, out, err = run(TEMPLATE, broken, constraint(), lost, POD)
    assert (code, out) == (1, LINE)
    words = 'adding template "broken": invalid ConstraintTemplate: 1 error occurred: template:'
    assert err.startswith(f"auditing objects: {words}")
    assert ' (file: "DIR/in.yaml", document 2, line ' in err
    assert err.endswith("; constraints of Broken are left out)\n")


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        pytest.param((constraint(),), 'adding constraint "owner": missing ConstraintTemplate', id="a constraint without its template"),
        pytest.param((TEMPLATE, constraint().replace("label: owner", "label: 5")), 'adding constraint "owner": schema validation failed: ', id="parameters that the schema refuses"),
        pytest.param((TEMPLATE.replace("name: labelled", "name: other"),), 'adding template "other": ', id="a template of a wrong name"),
        pytest.param(("kind: Pod\nmetadata: {name: web}\n",), 'adding data of GVK "/, Kind=Pod": admission.k8s.gatekeeper.sh: invalid request object: resource web has no version', id="an object without a version"),
        pytest.param(("apiVersion: a/b/c\nkind: Pod\n",), 'adding data of GVK "/, Kind=": admission.k8s.gatekeeper.sh: invalid request object: resource  has no version', id="an apiVersion of three parts"),
        pytest.param(("apiVersion: /\nkind: Pod\nmetadata: {name: [web]}\n",), 'adding data of GVK "/, Kind=Pod": admission.k8s.gatekeeper.sh: invalid request object: resource  has no version', id="an apiVersion of a slash, a name that is none"),
        pytest.param(("apiVersion: v1\n",), 'adding data of GVK "/v1, Kind=": admission.k8s.gatekeeper.sh: invalid request object: resource  has no kind', id="an object without a kind"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_ends_the_run(run: Run, documents: tuple[str, ...], message: str) -> None:
    code, out, err = run(*documents)
    assert (code, out) == (1, "")
    assert err.startswith(f"auditing objects: {message}")
    assert ' (file: "DIR/in.yaml", document ' in err


def test_a_namespace_that_is_not_among_the_objects_is_a_violation(run: Run) -> None:
    selecting = constraint().replace("match: {", "match: {namespaceSelector: {matchLabels: {a: b}}, ")
    code, out, _ = run(TEMPLATE, selecting, POD)
    assert code == 1
    assert (
        "unable to match constraints: error matching the requested object: web :failed to run Match criteria: " in out
    )
    given = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n"
    assert run(TEMPLATE, selecting, POD, given) == (1, LINE, "")
    assert run(TEMPLATE, selecting, POD.replace("shop", "default")) == (0, "", "")


def test_templates_and_constraints_are_objects_too(run: Run) -> None:
    broad = constraint().replace("match: {kinds: [{apiGroups: [\"\"], kinds: [Pod]}]}", "match: {}")  # fmt: skip
    lines = run(TEMPLATE, broad)[1].splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "templates.gatekeeper.sh/v1/ConstraintTemplate labelled",
        "constraints.gatekeeper.sh/v1beta1/Labelled owner",
    ]


def test_duplicates_are_warned_about(run: Run) -> None:
    labelled = POD.replace("namespace: shop", "labels: {owner: me}")
    _, _, err = run(TEMPLATE, constraint(), labelled, labelled)
    assert (
        err == 'WARNING - Resource named "web" (from file: "DIR/in.yaml") is already defined in file: "DIR/in.yaml"\n'
    )


def test_expansion_templates_are_said_to_have_no_effect(run: Run) -> None:
    expansion = "apiVersion: expansion.gatekeeper.sh/v1alpha1\nkind: ExpansionTemplate\nmetadata: {name: pods}\n"
    _, _, err = run(TEMPLATE, expansion)
    assert err.startswith('WARNING - ExpansionTemplate "pods" (file: "DIR/in.yaml", document 2, line ')
    assert err.endswith("is only data: expansion is not supported\n")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        pytest.param([], "no input data identified", id="no input"),
        pytest.param(["--bogus"], "Error: unknown flag: --bogus; see patrol test --help", id="an unknown flag"),
        pytest.param(["-o", "toml"], "Error: argument -o/--output: invalid choice: 'toml' (choose from 'text', 'json', 'yaml'); see patrol test --help", id="an unknown format"),
        pytest.param(["--stats=maybe"], "Error: argument --stats: 'maybe' is neither true nor false; see patrol test --help", id="a boolean that is none"),
        pytest.param(["-i", "ghcr.io/x"], "Error: --image and --tempdir: policies in OCI images cannot be read; unpack them and use --filename", id="an image"),
        pytest.param(["--default-k8s-native-validation-failure-policy", "Maybe"], "Error: argument --default-k8s-native-validation-failure-policy: invalid choice: 'Maybe' (choose from 'Fail', 'Ignore'); see patrol test --help", id="an unknown failure policy"),
        pytest.param(["-f", "nowhere.yaml"], 'reading: reading from filenames: stat on path "nowhere.yaml": stat nowhere.yaml: no such file or directory', id="a file that is not there"),
    ],
)  # fmt: skip
def test_wrong_arguments_end_with_one(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 1
    assert capsys.readouterr().err == f"{message}\n"


def test_standard_input_is_read_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from audit.gator import main; code = main([]); "
        "print(sorted({'kubernetes', 'starlette', 'prometheus_client', 'uvicorn'} & set(sys.modules))); sys.exit(code)"
    )
    text = "---\n".join((TEMPLATE, constraint(), POD))
    done = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, LINE + "[]\n", "")


def sending(name: str, body: str) -> str:
    """The template with a violation that calls a guarded builtin."""
    lines = TEMPLATE.split("        wanted :=")[0].replace('"label": wanted', f'"label": "{name}"')
    return f"{lines}        {body}\n      }}\n"


HTTP = sending(
    "http",
    'msg := sprintf("%v", [http.send({"method": "get", "url": "http://127.0.0.1:1/", "raise_error": false}).status_code])',
)
LOOKUP = sending("ip", 'msg := sprintf("%v", [net.lookup_ip_addr("127.0.0.1")])')


@pytest.mark.parametrize(
    ("template", "given", "said"),
    [
        (HTTP, (("--enable-opa-builtin=http.send",), ""), 'Message: "0"'),
        (HTTP, (("--enable-opa-builtin", "net.lookup_ip_addr,http.send"), ""), 'Message: "0"'),
        (HTTP, ((), "http.send"), 'Message: "0"'),
        (HTTP, (("--enable-opa-builtin=net.lookup_ip_addr",), "http.send"), 'Message: "0"'),
        (LOOKUP, (("--enable-opa-builtin=net.lookup_ip_addr",), ""), "127.0.0.1"),
        (HTTP, ((), ""), "undefined function http.send"),
        (HTTP, (("--enable-opa-builtin=net.lookup_ip_addr",), ""), "undefined function http.send"),
        (HTTP, (("--enable-opa-builtin=count",), ""), "'count' is none of http.send, net.lookup_ip_addr"),
        (HTTP, ((), "count"), "PATROL_ENABLE_OPA_BUILTIN: 'count' is none of http.send, net.lookup_ip_addr"),
    ],
)
def test_what_reaches_out_is_called_where_it_is_enabled(
    run: Run, monkeypatch: pytest.MonkeyPatch, template: str, given: tuple[tuple[str, ...], str], said: str
) -> None:
    flags, variable = given
    monkeypatch.setenv("PATROL_ENABLE_OPA_BUILTIN", variable)
    code, out, err = run(template, constraint(), POD, flags=flags)
    assert code == 1
    assert said in out + err
