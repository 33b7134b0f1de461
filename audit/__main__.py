"""`python -m audit` is `patrol`, and with nothing but flags `patrol run`."""

from __future__ import annotations

import sys

from audit.process.early import listen

STOPPABLE = ("run", "demo")  # commands that have something to end in good order
OF_PATROL = ("-h", "--h", "-help", "--help", "--version")  # flags that `patrol` itself has


def patrol() -> int:
    """The command `patrol`; gives the exit code."""
    return program(sys.argv[1:])


def program(arguments: list[str]) -> int:
    """Run a subcommand as a process of its own, which hears signals before it knows anything else."""
    if arguments and arguments[0] in STOPPABLE:
        listen()
    from audit.cli import main  # late: a signal may come before all of that is imported

    return main(arguments)


def module() -> int:
    """The command `python -m audit`: flags without a command are those of `run`; gives the exit code."""
    arguments = sys.argv[1:]
    is_run = not arguments or (arguments[0].startswith("-") and arguments[0] not in OF_PATROL)
    return program(["run", *arguments] if is_run else arguments)


if __name__ == "__main__":
    sys.exit(module())
