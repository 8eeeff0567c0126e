"""Groups on a real Cassandra: what a refused batch answers with is what stands in its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from graphql_api.parties.change import Applied, KeyReused, Reason, Refused
from graphql_api.parties.hosting import Update
from tests.support.faulty_driver import LostAnswer
from tests.support.some_parties import a_drawn_key, a_key, join, leave

if TYPE_CHECKING:
    from tests.support.rival import Rival


async def test_repeats_refusals_and_reused_keys_do_not_fail_their_neighbours(
    server: Rival, other: Rival
) -> None:
    party = await server.post(people=3, capacity=5)
    of, repeated, refused = party.party_id, join(party.party_id), join(party.party_id, expected=9)
    first, second = await other.commit(repeated), await other.commit(refused)
    outcomes = await asyncio.gather(
        server.commit(join(of)),
        server.commit(join(of)),  # full
        server.commit(repeated),
        server.commit(refused),
        server.commit(leave(of, repeated.key)),  # the key of another change
        server.commit(leave(of, a_drawn_key(), expected=3)),  # a conflict, not recorded
        server.commit(leave(of)),
    )
    five = party._replace(people=5, revision=3)
    assert outcomes == [
        Applied(five),
        Refused(Reason.FULL, five),
        first,
        second,
        KeyReused(),
        Refused(Reason.CONFLICT, five),
        Applied(party._replace(people=4, revision=4)),
    ]
    ledger = await server.ledger(of)
    assert ledger.people_at == {1: 3, 2: 4, 3: 5, 4: 4}
    assert len(ledger.operations) == 6  # also the creation and two refusals


async def test_more_repeats_at_once_than_one_read_could_name(server: Rival) -> None:
    party = await server.post(people=0)
    of = party.party_id
    joins = [join(of) for _ in range(60)]
    outcomes = await asyncio.gather(*map(server.commit, joins))
    assert server.driver.batch_sizes == [2, 61]
    again = [*joins, *(join(of) for _ in range(10))]
    repeated = await asyncio.gather(*map(server.commit, again))
    assert repeated[:60] == outcomes
    assert repeated[60:] == [
        Applied(party._replace(people=61 + place, revision=62 + place)) for place in range(10)
    ]
    assert server.driver.batch_sizes == [2, 61, 71, 11]


async def test_a_group_whose_answer_is_lost_is_found_as_a_whole(server: Rival) -> None:
    party = await server.post(people=0, capacity=20)
    server.driver.faults.append(LostAnswer())
    joins = [join(party.party_id) for _ in range(30)]
    outcomes = await asyncio.gather(*map(server.commit, joins))
    full = party._replace(people=20, revision=21)
    assert outcomes == [
        *(Applied(party._replace(people=1 + place, revision=2 + place)) for place in range(20)),
        *[Refused(Reason.FULL, full)] * 10,
    ]
    assert server.driver.batch_sizes == [2, 31, 31]
    assert (await server.ledger(party.party_id)).head == full


async def test_an_update_goes_alone_between_joins(server: Rival) -> None:
    party = await server.post(people=0)
    of = party.party_id
    await asyncio.gather(
        *(server.commit(join(of)) for _ in range(3)),
        server.commit(Update(of, a_key(), {"name": "Another"})),
        *(server.commit(join(of)) for _ in range(2)),
    )
    assert server.driver.batch_sizes == [2, 4, 2, 3]
    head = (await server.ledger(of)).head
    assert (head.name, head.people, head.revision) == ("Another", 5, 7)
