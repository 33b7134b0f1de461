"""Run one command and say what it cost: `python -m benchmarks.launched OUTPUT COMMAND...` prints one JSON object.

It stands between the benchmark and the command because Linux counts the memory of the process that starts another one
into the other's peak, and this one is small.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence

from benchmarks.memory import mebibytes


def main(arguments: Sequence[str]) -> None:
    """Run the command with its standard output in a file."""
    output, *command = arguments
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    cost = {"seconds": seconds, "memory": mebibytes(usage.ru_maxrss), "processor": usage.ru_utime + usage.ru_stime}
    sys.stdout.write(json.dumps({**cost, "code": code}))


if __name__ == "__main__":
    main(sys.argv[1:])
