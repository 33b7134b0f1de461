"""The command: exit codes and what it says; each subcommand runs in a process of its own where imports matter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit.cli import COMMANDS, main

HEAVY = ("kubernetes", "starlette", "uvicorn", "prometheus_client", "jsonschema", "cryptography")


def python(code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATROL_ONCE": "", **more}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment,
        check=False,
    )


def test_the_package_has_three_public_names() -> None:
    assert sorted(audit.__all__) == ["AuditError", "Config", "main"]


@pytest.mark.parametrize("command", ["", "version", "help", "run --help"])
def test_the_package_and_its_help_import_nothing_heavy(command: str) -> None:
    call = f"audit.main({command.split()!r})" if command else "0"
    result = python(f"import audit, sys; {call}; print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)")
    assert result.stderr.splitlines()[-1] == "[]"


def test_an_unknown_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit"]) == 2
    assert capsys.readouterr().err == (
        "patrol: unknown command 'audit': one of run, demo, test, explain, results, export, version, help; see `patrol help`\n"
    )


def test_a_variable_that_is_no_flag_is_warned_of_before_anything_else_is_done() -> None:
    call = "import audit; audit.main(['run', '--once', '--kubeconfig=/nowhere/at/all'])"
    result = python(call, PATROL_AUDIT_INTERVALL="5")
    assert "PATROL_AUDIT_INTERVALL" in result.stderr
    assert "did you mean PATROL_AUDIT_INTERVAL?" in result.stderr


def test_no_command_is_wrong_use_and_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().err
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []


@pytest.mark.parametrize("command", ["run", "demo"])
def test_an_unknown_flag_is_wrong_use(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--audit-form-cache"]) == 2
    assert capsys.readouterr().err == (
        f"patrol: unknown flag --audit-form-cache: did you mean --audit-from-cache?\nSee `patrol {command} --help`.\n"
    )


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"], ["help", "nothing"]])
def test_help_tells_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("Audits Kubernetes clusters")


@pytest.mark.parametrize("arguments", [["run", "--help"], ["help", "run"], ["run", "-h"]])
def test_help_of_a_command_tells_its_flags(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "--audit-interval SECONDS" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("kube-patrol ")


@pytest.mark.parametrize("arguments", [["test", "--help"], ["explain", "--help"], ["--version"], ["--help"], ["tset"]])
def test_the_module_is_the_whole_command(arguments: list[str]) -> None:
    patrol = "import sys; from audit.__main__ import patrol; sys.exit(patrol())"
    module, command = (
        subprocess.run([sys.executable, *how, *arguments], capture_output=True, text=True, timeout=30, check=False)
        for how in (["-m", "audit"], ["-c", patrol])
    )
    assert (module.returncode, module.stdout, module.stderr) == (command.returncode, command.stdout, command.stderr)


def test_the_module_with_flags_alone_is_the_run_command() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "audit", "--audit-interval=x"], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 2
    assert result.stderr == (
        "patrol: --audit-interval=x: expected a whole number of seconds, 0 or more\nSee `patrol run --help`.\n"
    )


def test_a_reader_that_leaves_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [sys.executable, "-m", "audit", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        ("audit.AuditError('kubeconfig x: no such file')", 1, "patrol: kubeconfig x: no such file\n"),
        ("KeyboardInterrupt()", 130, ""),
    ],
)
def test_what_a_command_raises_becomes_one_line_and_an_exit_code(raised: str, code: int, text: str) -> None:
    # `audit.app` is stood in for in a process of its own, so that no other test sees it.
    result = python(f"""
import sys, types, audit
def serve(config):
    raise {raised}
sys.modules["audit.app"] = app = types.ModuleType("audit.app")
app.serve = serve
sys.exit(audit.main(["run", "--once"]))
""")
    assert (result.returncode, result.stderr) == (code, text)


@pytest.mark.parametrize("arguments", ["version", "run --help", "test --filename={samples}", "demo --once"])
def test_an_output_that_cannot_be_written_is_one_line_with_the_cure(arguments: str) -> None:
    samples = Path(__file__).parent.parent.parent / "manifests" / "samples"
    words = arguments.format(samples=samples).split()
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "import sys, audit; sys.exit(audit.main())", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "patrol: the output cannot be written: No space left on device; free space, or send it elsewhere"
    )
    assert "Traceback" not in done.stderr


def test_one_run_does_not_wait_for_the_import_of_servers() -> None:
    result = python("""
import sys, audit.app
print(sorted({"asyncio", "starlette", "uvicorn"} & sys.modules.keys()))
""")
    assert result.stdout == "[]\n"
