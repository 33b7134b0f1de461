"""`make test-faults`: every fault at every request of a cold and of a warm run, as a table; ends with 1 where one
lies.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cluster.campaign import COLD, WARM, Campaign, Trial, prepared, trials
from cluster.deployed import Cluster
from cluster.server import running
from cluster.spoiling import SPOILS

BUILD = Path(__file__).with_name("build.py")
VERDICTS = ("exact", "told", "LIE")


def main(arguments: list[str]) -> int:
    """Run the campaign, or every `--step`th request of it from `--first` on, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="try every STEPth request only")
    parser.add_argument("--first", type=int, default=0, help="begin with request FIRST, to share the work")
    parser.add_argument("--spoil", action="append", choices=list(SPOILS), help="only this fault")
    given = parser.parse_args(arguments)
    built = subprocess.run([sys.executable, str(BUILD)], stdout=subprocess.PIPE, text=True, check=True)
    with tempfile.TemporaryDirectory() as name, running(Path(built.stdout.strip()), Path(name)) as server:
        cluster = Cluster(server, Path(name))
        cluster.install()
        with prepared(cluster, Path(name)) as campaign:
            found = {
                spoil: tried(campaign, spoil, slice(given.first, None, given.step)) for spoil in given.spoil or SPOILS
            }
    say(table(found))
    return int(any(counts["LIE"] for row in found.values() for counts in row.values()))


def tried(campaign: Campaign, spoil: str, requests: slice) -> Mapping[str, Counter[str]]:
    """The verdicts by column; what lies is printed at once."""
    result: dict[str, Counter[str]] = {}
    for phase in (COLD, WARM):
        for trial in trials(campaign, phase, spoil, requests):
            result.setdefault(column(trial), Counter())[trial.verdict] += 1
            if trial.verdict == "LIE":
                say(f"{trial}\n")
    say(f"{spoil}: { ({name: dict(counts) for name, counts in result.items()}) }\n")
    return result


def column(trial: Trial) -> str:
    """Under which heading of the table a trial is counted."""
    return f"{trial.phase}, {'and again' if trial.again else 'once'}"


def table(found: Mapping[str, Mapping[str, Counter[str]]]) -> str:
    """Faults x phases: how many trials were exact, told and lied."""
    columns = sorted({name for row in found.values() for name in row})
    rows = [("fault", *columns), ("---", *("---" for _ in columns))]
    rows += [(spoil, *(shown(row.get(name, Counter())) for name in columns)) for spoil, row in found.items()]
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\neach: exact / told / lied\n"


def shown(counts: Mapping[str, int]) -> str:
    """`40 / 6 / 0`."""
    return " / ".join(str(counts.get(verdict, 0)) for verdict in VERDICTS)


def say(text: str) -> None:
    """Print at once: this takes half an hour."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
