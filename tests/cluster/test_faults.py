"""Every kind of fault at the requests of a cold and of a warm run: exact, or the run says what it lacks.

What is tried here is a part, taken evenly; `make test-faults` tries every fault at every request and prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster.campaign import COLD, WARM, Campaign, prepared, trials
from cluster.deployed import Cluster
from cluster.spoiling import SPOILS

pytestmark = pytest.mark.cluster
STEP = 13  # of the requests of a run every thirteenth, beginning with another one for each fault


@pytest.fixture(scope="module")
def campaign(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    with prepared(cluster, tmp_path_factory.mktemp("campaign")) as found:
        yield found


@pytest.mark.parametrize("phase", [COLD, WARM])
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_run_with_a_fault_is_exact_or_says_what_it_lacks(campaign: Campaign, phase: str, spoil: str) -> None:
    begin = list(SPOILS).index(spoil) % STEP
    found = list(trials(campaign, phase, spoil, slice(begin, None, STEP)))
    assert any(trial.hit for trial in found)
    assert [trial for trial in found if trial.verdict == "LIE"] == []


def test_a_fault_that_goes_on_is_never_taken_for_a_whole_run(campaign: Campaign) -> None:
    found = [trial for trial in trials(campaign, COLD, "503", slice(0, None, 5)) if trial.again and trial.hit]
    assert len(found) >= 5
    # Whether Gatekeeper runs, too, is asked in two ways: one of them is enough.
    asked = [trial.asked for trial in found if "/status.gatekeeper.sh/" not in trial.asked.path]
    assert [trial.asked for trial in found if trial.verdict == "told"] == asked
