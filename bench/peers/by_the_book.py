"""Strawberry, aiohttp and cassandra-driver as their own documentation puts them together.

Strawberry's view for aiohttp with its parser and validation caches, dataclass types with resolvers,
the driver's prepared statements with `execute_async`, each answer handed to the event loop by
itself. A join reads the party and updates it on the condition that nobody else has, until it
applies; there are no idempotency keys.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import strawberry
from aiohttp import web
from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from strawberry.aiohttp.views import GraphQLView
from strawberry.extensions import ParserCache, ValidationCache

from bench.peers.serving import run_application
from graphql_api import clock
from graphql_api.parties.city import city_key, display_name
from graphql_api.schema import ids
from graphql_api.settings import load_settings

COLUMNS = "party_id, name, date, people, capacity"
STATEMENTS = {
    "page": f"SELECT {COLUMNS} FROM party_by_city WHERE city_key = ? AND year = ? AND date >= ?"
    " LIMIT ?",
    "party": f"SELECT {COLUMNS}, city, city_key, created_at, rev, closed FROM party"
    " WHERE party_id = ? AND kind = 0 AND key = ''",
    "join": "UPDATE party SET people = ?, rev = ? WHERE party_id = ? AND kind = 0 AND key = ''"
    " IF rev = ?",
    "create": "INSERT INTO party (party_id, kind, key, city, city_key, name, date, time_zone,"
    " created_at, people, rev, closed) VALUES (?, 0, '', ?, ?, ?, ?, 'UTC', ?, 0, 1, false)"
    " IF NOT EXISTS",
    "copy": "INSERT INTO party_by_city (city_key, year, date, party_id, city, name, time_zone,"
    " created_at, people, capacity, rev) VALUES (?, ?, ?, ?, ?, ?, 'UTC', ?, ?, ?, ?)"
    " USING TIMESTAMP ?",
    "city": "INSERT INTO city_by_prefix (prefix, city_key, city) VALUES (?, ?, ?) USING TTL ?",
}


class Database:
    """Prepared statements under asyncio."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prepared = {name: session.prepare(cql) for name, cql in STATEMENTS.items()}

    async def rows(self, name: str, *parameters: Any) -> list[Any]:
        """What a statement answers."""
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        sent = self._session.execute_async(self._prepared[name], parameters)
        sent.add_callbacks(
            lambda rows: loop.call_soon_threadsafe(answered.set_result, rows),
            lambda error: loop.call_soon_threadsafe(answered.set_exception, error),
        )
        rows: list[Any] = await answered
        return rows

    async def page(self, key: str, size: int) -> list[Any]:
        """A city's next parties."""
        start = clock.now() - timedelta(hours=3)
        found: list[Any] = []
        for year in range(start.year, start.year + 3):
            found += await self.rows("page", key, year, start, size - len(found))
            if len(found) >= size:
                break
        return found

    async def join(self, party_id: uuid.UUID) -> tuple[int, int]:
        """People and revision after one person more."""
        while True:
            (party,) = await self.rows("party", party_id)
            people, rev = party.people + 1, party.rev + 1
            (outcome,) = await self.rows("join", people, rev, party_id, party.rev)
            if outcome.applied:
                await self.copy(party, people, rev)
                return people, rev

    async def create(self, city: str, name: str, date: datetime) -> Any:
        """The new party."""
        party_id, key, now = uuid.uuid4(), city_key(city), clock.now()
        await self.rows("create", party_id, city, key, name, date, now)
        (party,) = await self.rows("party", party_id)
        await self.copy(party, 0, 1)
        ttl = int((date - now).total_seconds())
        await asyncio.gather(
            *(
                self.rows("city", key[: size + 1], key, city, ttl)
                for size in range(min(10, len(key)))
            )
        )
        return party

    async def copy(self, party: Any, people: int, rev: int) -> None:
        """What the city's page shows."""
        place = (party.city_key, party.date.year, party.date, party.party_id, party.city)
        shown = (party.name, party.created_at, people, party.capacity, rev)
        await self.rows("copy", *place, *shown, clock.microseconds(party.created_at) + rev)


Info = strawberry.Info[dict[str, Any], None]


def database(info: Info) -> Database:
    """The database of a request."""
    found: Database = info.context["request"].app["database"]
    return found


@strawberry.type
class Party:
    """A party."""

    id: strawberry.ID
    name: str
    date: str
    people: int
    capacity: int | None
    revision: int = 0


def as_party(row: Any) -> Party:
    """A row as GraphQL shows it."""
    date = row.date.isoformat(timespec="milliseconds") + "Z"
    return Party(
        id=ids.party_id(row.party_id),
        name=row.name,
        date=date,
        people=row.people,
        capacity=row.capacity,
    )


@strawberry.type
class Parties:
    """A page."""

    nodes: list[Party]


@strawberry.type
class City:
    """A city."""

    name: str

    @strawberry.field
    async def parties(self, info: Info, first: int = 20) -> Parties:
        """Its next parties."""
        rows = await database(info).page(city_key(self.name), first)
        return Parties(nodes=[as_party(row) for row in rows])


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    async def parties(self, info: Info, city: str, first: int = 20) -> Parties:
        """A city's next parties."""
        rows = await database(info).page(city_key(city), first)
        return Parties(nodes=[as_party(row) for row in rows])

    @strawberry.field
    async def party(self, info: Info, id: strawberry.ID) -> Party | None:
        """A party."""
        rows = await database(info).rows("party", ids.decode_party(id))
        return as_party(rows[0]) if rows and not rows[0].closed else None

    @strawberry.field
    def cities(self, names: list[str]) -> list[City]:
        """Cities by their names."""
        return [City(name=display_name(name)) for name in names]


@strawberry.input
class CreatePartyInput:
    """A party to post."""

    city: str
    name: str
    date: datetime


@strawberry.input
class JoinPartyInput:
    """Which party to join."""

    party_id: strawberry.ID


@strawberry.type
class CreatePartySuccess:
    """The new party."""

    party: Party


@strawberry.type
class JoinPartySuccess:
    """The party just after."""

    party: Party


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    async def create_party(self, info: Info, input: CreatePartyInput) -> CreatePartySuccess:
        """Post a party."""
        date = clock.from_aware(input.date)
        row = await database(info).create(input.city, input.name, date)
        return CreatePartySuccess(party=as_party(row))

    @strawberry.mutation
    async def join_party(self, info: Info, input: JoinPartyInput) -> JoinPartySuccess:
        """Join a party."""
        party_id = ids.decode_party(input.party_id)
        assert party_id is not None
        people, revision = await database(info).join(party_id)
        party = Party(
            id=input.party_id, name="", date="", people=people, capacity=None, revision=revision
        )
        return JoinPartySuccess(party=party)


async def main() -> None:
    """Serve until SIGTERM."""
    settings = load_settings()
    profile = ExecutionProfile(consistency_level=ConsistencyLevel.LOCAL_QUORUM)
    cluster = Cluster(
        list(settings.cassandra_contact_points),
        settings.cassandra_port,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    session = await asyncio.to_thread(cluster.connect, settings.keyspace)
    application = web.Application()
    application["database"] = Database(session)
    extensions = [ParserCache, ValidationCache]
    schema = strawberry.Schema(Query, Mutation, extensions=extensions)
    application.router.add_route("*", "/graphql", GraphQLView(schema=schema, graphql_ide=None))
    await run_application(application)
    await asyncio.to_thread(cluster.shutdown)


if __name__ == "__main__":
    asyncio.run(main())
