"""A change is known by the row of its key, so the row must outlive whoever waits for the change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from graphql_api.parties.change import Applied
from graphql_api.parties.commit import CommitLimits
from graphql_api.settings import TTL_OF_TIMEOUT, Settings
from tests.support.simulated_server import NO_FAULTS, Server
from tests.support.simulation import Faults, simulate
from tests.support.some_parties import a_drawn_key, join

LONGEST_TIMEOUT = 120.0


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic-settings' own


def test_a_join_whose_answer_is_lost_before_a_long_outage_is_counted_once() -> None:
    async def scenario() -> None:
        ttl = int(TTL_OF_TIMEOUT * LONGEST_TIMEOUT)
        limits = CommitLimits(timeout=LONGEST_TIMEOUT, drawn_key_ttl=ttl)
        server = Server(limits=limits)
        party = await server.post()
        server.store.faults = Faults(lost_answers=1.0, never_sent=0, late=0, reads_fail=0)
        joining = asyncio.create_task(server.commit(join(party.party_id, a_drawn_key())))
        await asyncio.sleep(1)
        server.store.faults = Faults(lost_answers=0, never_sent=1.0, late=0, reads_fail=0)
        await asyncio.sleep(LONGEST_TIMEOUT - 20)
        server.store.faults = NO_FAULTS
        assert await joining == Applied(party._replace(people=1, revision=2))

    simulate(scenario())


@pytest.mark.parametrize("name", ["idempotency_key_ttl", "drawn_key_ttl"])
def test_a_key_that_dies_before_its_request_is_no_setting(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name.upper()} must be at least 5 times"):
        settings(request_timeout=LONGEST_TIMEOUT, **{name: 599})
    assert settings(request_timeout=LONGEST_TIMEOUT, **{name: 600}).request_timeout == 120
