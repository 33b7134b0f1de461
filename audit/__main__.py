"""`python -m audit` is `patrol run`; `patrol` begins here, too."""

from __future__ import annotations

import sys

from audit.early import listen

STOPPABLE = ("run", "demo")  # commands that have something to end in good order


def patrol() -> int:
    """The command `patrol`; gives the exit code."""
    return program(sys.argv[1:])


def program(arguments: list[str]) -> int:
    """Run a subcommand as a process of its own, which hears signals before it knows anything else."""
    if arguments and arguments[0] in STOPPABLE:
        listen()
    from audit.cli import main  # late: a signal may come before all of that is imported

    return main(arguments)


if __name__ == "__main__":
    sys.exit(program(["run", *sys.argv[1:]]))
