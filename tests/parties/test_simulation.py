"""Exactly once under every fault there is, in a simulation: the same seed gives the same run."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.crowd import Crowd
from tests.support.simulation import Faults, simulate

SEEDS = range(100)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crowd_is_counted_exactly_once(seed: int) -> None:
    simulate(Crowd(Random(seed)).live())


def test_the_simulation_injects_what_it_says() -> None:
    crowd = Crowd(Random(1), Faults(lost_answers=0.3, never_sent=0.2, late=0.3))
    simulate(crowd.live())
    assert crowd.resolved >= 5
    assert sum(server.store.faults_injected for server in crowd.servers) >= 10
