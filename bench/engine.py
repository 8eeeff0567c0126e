"""Compiled execution against graphql-core and Strawberry, in one process and run.

Answers are compared first: where they differ there is no benchmark. `python bench/engine.py`, or
with a number of seconds to spend on each figure (0.4 by default).
"""

# ruff: noqa: A002, ARG002, D101, D102, SLF001 - a schema to measure, named as GraphQL names it

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import strawberry
from graphql import GraphQLError, execute, parse, validate
from strawberry.extensions import ParserCache, ValidationCache

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from graphql_api import engine
from graphql_api.engine.strawberry import Schema

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.4
ROUNDS = 7


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Guest(Node):
    name: str
    age: int | None


@strawberry.type
class Bar:
    label: str
    drinks: list[str]


@strawberry.type
class Row:
    a: str
    b: int
    c: float
    d: bool
    e: str | None
    f: int
    g: str
    h: str
    i: int
    j: str


@strawberry.type
class Party(Node):
    name: str
    city: str
    people: int
    place: str | None
    guests: list[Guest]
    extras: list[Guest | Bar]


def _party(number: int) -> Party:
    guests = [Guest(id=strawberry.ID(f"g{n}"), name=f"guest {n}", age=n) for n in range(5)]
    bar = Bar(label="bar", drinks=["tea", "wine"])
    return Party(
        id=strawberry.ID(str(number)),
        name=f"party {number}",
        city="Lisbon",
        people=number,
        place=None if number % 3 else "home",
        guests=guests,
        extras=[guests[0], bar, guests[1]],
    )


PARTIES = [_party(number) for number in range(20)]
ROWS = [
    Row(a="a", b=n, c=n / 2, d=n % 2 == 0, e=None, f=n, g="g", h="h", i=-n, j="j")
    for n in range(1000)
]


@strawberry.type
class Query:
    @strawberry.field
    async def parties(self, info: strawberry.Info, first: int = 20) -> list[Party]:
        return PARTIES[:first]

    @strawberry.field
    async def rows(self) -> list[Row]:
        return ROWS

    @strawberry.field
    async def party(self, id: strawberry.ID) -> Party | None:
        return PARTIES[int(id)]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def join(self, id: strawberry.ID, people: int) -> Party:
        return PARTIES[int(id)]


CASES: dict[str, tuple[str, dict[str, Any] | None, float]] = {
    "20 objects x 5 fields": (
        "query Q($n: Int!) { parties(first: $n) { id name city people place } }",
        {"n": 20},
        12,
    ),
    "1,000 objects x 10 fields": ("{ rows { a b c d e f g h i j } }", None, 12),
    "three levels, fragments, unions": (
        """{ parties { ...Head guests { ...Guest } extras { __typename ... on Guest { ...Guest }
        ... on Bar { label drinks } } } }
        fragment Head on Party { id name } fragment Guest on Guest { id name age }""",
        None,
        5,
    ),
    "one object": ('{ party(id: "3") { id name city people place } }', None, 1),
    "a mutation": (
        "mutation M($id: ID!) { join(id: $id, people: 3) { id people } }",
        {"id": "4"},
        1,
    ),
}


async def timed(function: Callable[[], Awaitable[Any]]) -> float:
    """Return the median of the microseconds that a call takes."""
    await function()
    start = time.perf_counter()
    await function()
    share = SECONDS / ROUNDS
    times = max(1, int(share / max(time.perf_counter() - start, 1e-6)))
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            await function()
        rounds.append((time.perf_counter() - start) / times)
    return statistics.median(rounds) * 1e6


async def main() -> int:
    """Compare, then measure and print; 1 when answers differ."""
    logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)
    types: dict[str, Any] = {"query": Query, "mutation": Mutation}
    reference = strawberry.Schema(**types, extensions=[ParserCache, ValidationCache])
    compiled = Schema(**types)
    schema, core_schema = compiled._schema, strawberry.Schema(**types)._schema
    print(f"{'µs per operation (ratio to the engine)':40}{'graphql-core':>18}{'engine':>9}", end="")
    print(f"{'Strawberry':>18}{'engine':>9}{'to bytes':>9}")
    for name, (text, variables, goal) in CASES.items():
        document = parse(text)
        assert not validate(schema, document)

        async def core() -> Any:
            result: Any = execute(core_schema, document, variable_values=variables)  # noqa: B023
            return await result

        async def own() -> Any:
            result: Any = engine.execute(schema, document, variable_values=variables)  # noqa: B023
            return await result

        async def theirs() -> Any:
            return await reference.execute(text, variables)  # noqa: B023

        async def ours() -> Any:
            return await compiled.execute(text, variables)  # noqa: B023

        async def to_bytes() -> Any:
            return await compiled.execute_to_bytes(text, variables)  # noqa: B023

        results = [await function() for function in (core, own, theirs, ours)]
        answers = {repr((result.data, result.errors)) for result in results}
        answers.add(repr((orjson.loads((await to_bytes()).body)["data"], None)))
        if len(answers) > 1:
            print(f"{name}: the answers differ; no benchmark.")
            return 1
        a, b, c, d, e = [await timed(f) for f in (core, own, theirs, ours, to_bytes)]
        print(f"{name:40}{a:>10.0f} ({a / b:4.1f}x){b:>8.0f}{c:>10.0f} ({c / d:4.1f}x)", end="")
        print(f"{d:>9.0f}{e:>9.0f}   goal {goal:g}x")
    await by_hand(compiled)
    compile_time(schema)
    print(engine.counters())
    return 0


async def by_hand(compiled: Schema) -> None:
    """Compare flat lists with code that somebody would write for exactly these."""

    async def small() -> bytes:
        parties = []
        for party in PARTIES:
            values = (party.id, party.name, party.city)
            if any(type(value) is not str for value in values) or type(party.people) is not int:
                raise GraphQLError("wrong type")
            if party.place is not None and type(party.place) is not str:
                raise GraphQLError("wrong type")
            if not -(2**31) <= party.people < 2**31:
                raise GraphQLError("out of range")
            parties.append(
                {
                    "id": party.id,
                    "name": party.name,
                    "city": party.city,
                    "people": party.people,
                    "place": party.place,
                }
            )
        return orjson.dumps({"data": {"parties": parties}})

    text, variables, _ = CASES["20 objects x 5 fields"]
    assert (await compiled.execute_to_bytes(text, variables)).body == await small()
    hand = await timed(small)
    whole = await timed(lambda: compiled.execute_to_bytes(text, variables))
    print(f"20 x 5 to bytes by hand: {hand:.0f} µs; the engine takes {whole / hand:.2f} times that")
    await large(compiled)


async def large(compiled: Schema) -> None:
    """Do so for 1,000 rows of 10 columns."""
    everything: list[Any] = list(ROWS)

    async def rows() -> bytes:
        result = []
        for row in everything:
            a, b, c, d, e, f, g, h, i, j = (
                row.a,
                row.b,
                row.c,
                row.d,
                row.e,
                row.f,
                row.g,
                row.h,
                row.i,
                row.j,
            )
            if (
                type(a) is not str
                or type(b) is not int
                or not -(2**31) <= b < 2**31
                or type(c) is not float
                or not -1e308 < c < 1e308
                or type(d) is not bool
                or type(e) not in (str, type(None))
                or type(f) is not int
                or not -(2**31) <= f < 2**31
                or type(g) is not str
                or type(h) is not str
                or type(i) is not int
                or not -(2**31) <= i < 2**31
                or type(j) is not str
            ):
                raise GraphQLError("wrong")
            result.append(
                {
                    "a": a,
                    "b": b,
                    "c": c,
                    "d": d,
                    "e": e,
                    "f": f,
                    "g": g,
                    "h": h,
                    "i": i,
                    "j": j,
                }
            )
        return orjson.dumps({"data": {"rows": result}})

    text = CASES["1,000 objects x 10 fields"][0]
    assert (await compiled.execute_to_bytes(text)).body == await rows()
    hand = await timed(rows)
    whole = await timed(lambda: compiled.execute_to_bytes(text))
    print(f"1,000 x 10 by hand: {hand:.0f} µs; the engine takes {whole / hand:.2f} times that")


def compile_time(schema: Any) -> None:
    """Print what the first execution costs beyond the second."""
    for name, (text, _, _) in CASES.items():
        samples = []
        for _ in range(15):
            document = parse(text)
            start = time.perf_counter()
            engine.explain(schema, document)
            samples.append(time.perf_counter() - start)
        print(f"compiling {name!r}: {statistics.median(samples) * 1e3:.2f} ms (goal: below 2)")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
