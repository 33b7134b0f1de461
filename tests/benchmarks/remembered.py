"""The memory that remembering violations takes: `python -m benchmarks.remembered` prints bytes for each, as JSON.

Each is of an object of its own, which takes most; texts (names, uids and messages) are not counted.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from dataclasses import replace

from builders import constraint, page, record, summary, violation

from audit.ledger import Ledger


def bytes_of_each(number: int) -> float:
    """The bytes that a ledger takes for each of so many violations, beside their texts."""
    one = constraint()
    made = (violation(one, f"pod-{at:07}", message="one text") for at in range(number))
    found = page(*(replace(each, object=replace(each.object, uid=f"{at:036}")) for at, each in enumerate(made)))
    run, ledger = summary(record(one)), Ledger()
    gc.collect()
    tracemalloc.start()
    ledger.start(run.info)
    ledger.page(found)
    ledger.end(run)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    texts = sum(len(f"0 ns {each.object.name} {each.object.uid}") for each in found.violations())
    return (taken - texts) / number


if __name__ == "__main__":
    sys.stdout.write(f"{bytes_of_each(100_000)}\n")
