"""What fields cost Cassandra and the server: the price list of COST_LIMIT and `extensions.cost`.

Counted as the most that a field may take, before anything is read. Loaders often need less: what
is asked for twice in a request is read once. A page whose window a caller sets to five years may
touch two partitions more than are counted.
"""

from __future__ import annotations

from typing import Final

from graphql_api.engine.costs import CostModel, FieldCost
from graphql_api.parties.listing import LARGEST_PAGE, PAGE_SIZE

PARTITIONS, TRANSACTIONS, OBJECTS = "partitions", "transactions", "objects"
WEIGHTS: Final = {
    PARTITIONS: 1,  # a read or write of one partition
    TRANSACTIONS: 10,  # a lightweight transaction: four round trips between the nodes
    OBJECTS: 0.1,  # a row that is sent to the client
}
YEARS: Final = 3  # a city has a partition a year, and parties two years ahead at most
PREFIXES: Final = 10  # under which a city is found

_READ: Final = {PARTITIONS: 1}
_YEARS: Final = {PARTITIONS: YEARS}
_PAGE: Final = FieldCost(
    own=_YEARS,
    sized_by=("first", "last"),
    size=PAGE_SIZE,
    most=LARGEST_PAGE,
    is_connection=True,
)
# An agenda, and the row of each of its parties, and whether the viewer has joined it.
_HOSTING: Final = _PAGE._replace(own=_READ, each=_READ)
_JOINED: Final = _PAGE._replace(own=_READ, each={PARTITIONS: 2})
_LISTED: Final = FieldCost(each={OBJECTS: 1}, in_page=True)
# A change reads its key's use and the party, writes the key's use and the copy; after a move it
# mends the old and the new copy first.
_CHANGE: Final = FieldCost(own={PARTITIONS: 6, TRANSACTIONS: 1})
# One that may place a party in a city removes the old copy and writes the city's prefixes as well.
_PLACING: Final = FieldCost(own={PARTITIONS: 7 + PREFIXES, TRANSACTIONS: 1})

COSTS: Final = CostModel(
    fields={
        "Query.node": FieldCost(own=_READ),
        "Query.nodes": FieldCost(each={PARTITIONS: 1, OBJECTS: 1}, sized_by=("ids",)),
        "Query.party": FieldCost(own=_READ),
        "Query.cities": FieldCost(each={OBJECTS: 1}, sized_by=("names",)),
        "Query.parties": _PAGE,
        "Query.searchCities": FieldCost(
            own=_READ, each={OBJECTS: 1}, sized_by=("first",), size=10, most=LARGEST_PAGE
        ),
        "City.name": FieldCost(own=_READ),
        "City.parties": _PAGE,
        "PartyConnection.edges": _LISTED,
        "PartyConnection.nodes": _LISTED,
        "PageInfo.hasNextPage": FieldCost(own=_YEARS),
        "PageInfo.hasPreviousPage": FieldCost(own=_YEARS),
        "Party.description": FieldCost(own=_READ),
        "Viewer.joined": _JOINED,
        "Viewer.hosting": _HOSTING,
        "Party.attendees": FieldCost(
            own={PARTITIONS: 2},  # the party's own row and theirs
            sized_by=("first",),
            size=PAGE_SIZE,
            most=LARGEST_PAGE,
            is_connection=True,
        ),
        "AttendeeConnection.edges": _LISTED,
        "AttendeeConnection.nodes": _LISTED,
        "Party.host": FieldCost(own=_READ),
        "Party.viewerIsHost": FieldCost(own=_READ),
        "Party.viewerHasJoined": FieldCost(own=_READ),
        "Mutation.createParty": _PLACING,
        "Mutation.updateParty": _PLACING,
        "Mutation.deleteParty": _CHANGE,
        "Mutation.joinParty": _CHANGE,
        "Mutation.leaveParty": _CHANGE,
        "Subscription.partyChanged": FieldCost(own=_READ),
        "Subscription.cityChanged": FieldCost(own=_YEARS),
        "__schema": FieldCost(own={OBJECTS: 200}),
        "__type": FieldCost(own={OBJECTS: 20}),
    },
    weights=WEIGHTS,
)
