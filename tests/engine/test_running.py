"""How operations run: batches, order, cancellation, fallbacks, bytes."""

# ruff: noqa: A006 - arguments are named as in the schema

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from graphql import (
    ExecutionHooks,
    Executor,
    GraphQLError,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute,
    execute_sync,
    get_introspection_query,
    parse,
    subscribe,
)

from graphql_api import engine


class Loader:
    """Gathers the keys of one turn into a batch, as DataLoader does."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self._waiting: list[tuple[int, asyncio.Future[int]]] = []

    def load(self, key: int) -> asyncio.Future[int]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future = loop.create_future()
        self._waiting.append((key, future))
        return future

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self.batches.append([key for key, _ in waiting])
        for key, future in waiting:
            future.set_result(key * 10)


def loading_schema() -> GraphQLSchema:
    async def load(source: Any, info: Any) -> Any:
        return await info.context.load(source)

    item = GraphQLObjectType(
        "Item",
        lambda: {
            "a": GraphQLField(GraphQLInt, resolve=load),
            "b": GraphQLField(GraphQLInt, resolve=lambda source, info: info.context.load(source)),
            "items": GraphQLField(GraphQLList(item), resolve=lambda source, _: [source + 1]),
        },
    )

    async def items(*_: Any) -> Any:
        return [1, 2, 3]

    query = {"items": GraphQLField(GraphQLList(item), resolve=items)}
    return GraphQLSchema(GraphQLObjectType("Query", query))


@pytest.mark.parametrize(
    ("text", "batches"),
    [
        ("{ items { a } }", [[1, 2, 3]]),
        ("{ items { a c: a } }", [[1, 1, 2, 2, 3, 3]]),
        ("{ items { a b } }", [[1, 2, 3], [1, 2, 3]]),
        ("{ items { a items { a } } }", [[1, 2, 2, 3, 3, 4]]),
        ("{ items { items { a } } other: items { b } }", [[1, 2, 3, 2, 3, 4]]),
    ],
)
async def test_batches_are_those_of_graphql_core(text: str, batches: Any) -> None:
    schema, document = loading_schema(), parse(text)
    reference, compiled = Loader(), Loader()
    expected: Any = execute(schema, document, context_value=reference)
    expected = await expected
    actual: Any = engine.execute(schema, document, context_value=compiled)
    assert await actual == expected
    assert compiled.batches == reference.batches
    assert compiled.batches == batches


async def test_top_level_mutations_wait_for_each_other() -> None:
    log: list[str] = []

    async def step(_source: Any, info: Any) -> int:
        log.append(f"+{info.path.key}")
        await asyncio.sleep(0)
        log.append(f"-{info.path.key}")
        return len(log)

    def at_once(_source: Any, info: Any) -> int:
        log.append(f"!{info.path.key}")
        return len(log)

    fields = {
        "step": GraphQLField(GraphQLInt, resolve=step),
        "once": GraphQLField(GraphQLInt, resolve=at_once),
    }
    schema = GraphQLSchema(
        GraphQLObjectType("Query", fields), GraphQLObjectType("Mutation", fields)
    )
    document = parse("mutation { a: once b: step c: once d: step }")
    result: Any = engine.execute(schema, document)
    assert (await result).data == {"a": 1, "b": 3, "c": 4, "d": 6}
    assert log == ["!a", "+b", "-b", "!c", "+d", "-d"]


async def test_cancelling_reaches_every_resolver() -> None:
    cancelled: list[int] = []

    class Endless:
        def __init__(self, number: int) -> None:
            self.number = number

        async def n(self, _info: Any) -> int:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.append(self.number)
                raise
            return 1

    schema = build_schema("type Query { items: [Item] } type Item { n: Int }")
    document = parse("{ items { n } }")
    result: Any = engine.execute(schema, document, {"items": [Endless(n) for n in range(3)]})
    task = asyncio.ensure_future(result)
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == [0, 1, 2]


async def test_siblings_are_cancelled_when_an_error_nulls_their_parent() -> None:
    seen: list[str] = []

    async def slow(_info: Any) -> str:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "never"

    async def fast(_info: Any) -> str:
        await asyncio.sleep(0)
        raise ValueError("fast")

    schema = build_schema("type Query { slow: String fast: String! }")
    result: Any = engine.execute(schema, parse("{ slow fast }"), {"slow": slow, "fast": fast})
    done = await result
    assert (done.data, [error.message for error in done.errors]) == (None, ["fast"])
    assert seen == ["cancelled"]


class Ticket:
    """An awaitable that is no coroutine, with attributes of its own."""

    n = 7

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self.value


async def test_awaitable_objects_are_awaited_wherever_they_stand() -> None:
    schema = build_schema(
        "type Query { item: Item items: [Item] ns: [Int] n: Int } type Item { n: Int }"
    )
    root = {
        "item": Ticket({"n": 1}),
        "items": [Ticket({"n": 2}), {"n": Ticket(3)}, Ticket(Ticket)],
        "ns": [Ticket(4), 5],
        "n": Ticket(6),
    }
    document = parse("{ item { n } items { n } ns n }")
    expected: Any = execute(schema, document, root)
    actual: Any = engine.execute(schema, document, root)
    result = await actual
    assert result == await expected
    assert result.data["items"] == [{"n": 2}, {"n": 3}, {"n": 7}]


async def test_errors_below_what_is_already_null_are_dropped() -> None:
    async def late(turns: int, value: Any) -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    def now(_info: Any) -> Any:
        raise ValueError("now")

    root = {
        "inner": {"late": lambda _info: late(1, ValueError("late")), "now": now},
        "other": lambda _info: late(6, "other"),
    }
    schema = build_schema("type Query { inner: I other: String } type I { late: Int now: Int! }")
    document = parse("{ inner { late now } other }")
    expected: Any = execute(schema, document, root)
    actual: Any = engine.execute(schema, document, root)
    result = await actual
    assert result == await expected
    assert [error.message for error in result.errors] == ["now"]


@pytest.mark.parametrize("run", [execute_sync, engine.execute_sync])
def test_types_are_resolved_with_the_info_of_the_field(run: Any) -> None:
    schema = build_schema(
        "type Query { deep: [[Some]] } type T { n: Int some: Some } union Some = T"
    )
    paths: list[Any] = []

    def resolve_type(_value: Any, info: Any, _type: Any) -> str:
        paths.append((info.path.as_list(), info.path.typename, info.field_name))
        return "T"

    some: Any = schema.get_type("Some")
    some.resolve_type = resolve_type
    run(schema, parse("{ deep { ... on T { some { __typename } } } }"), {"deep": [[{"some": {}}]]})
    assert paths == [
        (["deep"], "Query", "deep"),
        (["deep", 0, 0, "some"], "T", "some"),
    ]


def test_info_is_not_built_for_plain_fields(built_infos: list[str]) -> None:
    schema = build_schema("type Query { items: [Item] } type Item { n: Int }")
    engine.execute_sync(schema, parse("{ items { n } }"), {"items": [{"n": 1}, {"n": 2}]})
    assert built_infos == []
    engine.execute_sync(schema, parse("{ items { n } }"), {"items": [{"n": lambda _info: 1}]})
    assert built_infos == ["n"]


KITCHEN = """
query Kitchen($id: ID!, $many: Int = 2, $yes: Boolean!, $filter: Filter, $size: Size = LARGE) {
  __typename
  alias: thing(id: $id, filter: $filter, size: $size) { ...Thing @include(if: $yes) }
  thing(id: "x", filter: {words: ["a", "b"]}) { id ... @skip(if: $yes) { name } }
  things(many: $many) { __typename ... on A { name size } ... on B { weight when } ...Thing }
  grid { id grid { name } }
  either { ... on A { name } ... on B { weight } }
  later { id name }
}
fragment Thing on Thing { id name friends { ...Friend } }
fragment Friend on Thing { name ... on A { size } }
"""
SCHEMA = """
scalar Time
enum Size { SMALL LARGE }
input Filter { words: [String!], limit: Int = 5 }
interface Thing { id: ID! name: String friends: [Thing!] }
type A implements Thing { id: ID! name: String friends: [Thing!] size: Size grid: [[A]] }
type B implements Thing { id: ID! name: String friends: [Thing!] weight: Float! when: Time }
union Either = A | B
type Query {
  thing(id: ID!, filter: Filter, size: Size): Thing
  things(many: Int): [Thing!]!
  grid: [[A]!]
  either: [Either]
  later: Thing
}
type Mutation { add(filter: Filter!): A remove(id: ID!): Boolean! }
type Subscription { added: A }
"""


def kitchen_root() -> dict[str, Any]:
    a = {"__typename": "A", "id": 1, "name": "a", "size": "SMALL", "friends": []}
    b = {"__typename": "B", "id": "2", "name": None, "weight": 2, "when": "noon", "friends": [a]}

    async def later(_info: Any) -> Any:
        return b

    return {
        "thing": lambda _info, **given: b | {"name": repr(sorted(given.items()))},
        "things": lambda _info, many: [a, b][:many],
        "grid": [[a | {"grid": [[a], None]}, None], []],
        "either": [a, None, b],
        "later": later,
        "add": lambda _info, filter: a | {"name": str(filter)},
        "remove": lambda _info, id: id == "1",
    }


async def test_a_document_with_everything_runs_compiled() -> None:
    schema, document = build_schema(SCHEMA), parse(KITCHEN)
    for variables in (
        {"id": "7", "yes": True},
        {"id": 8, "yes": False, "filter": {"words": "w"}, "size": "SMALL", "many": 1},
    ):
        expected: Any = execute(schema, document, kitchen_root(), None, variables)
        actual: Any = engine.execute(schema, document, kitchen_root(), None, variables)
        assert repr(await actual) == repr(await expected)
    assert engine.counters() == (2, 0, {})


def test_a_mutation_runs_compiled() -> None:
    schema = build_schema(SCHEMA)
    document = parse('mutation { add(filter: {words: ["x"]}) { name } remove(id: 1) }')
    result = engine.execute_sync(schema, document, kitchen_root())
    assert result.data == {
        "add": {"name": "{'words': ['x'], 'limit': 5}"},
        "remove": True,
    }
    assert engine.counters() == (1, 0, {})


def test_introspection_is_equal() -> None:
    schema, document = build_schema(SCHEMA), parse(get_introspection_query())
    assert engine.execute_sync(schema, document) == execute(schema, document)
    assert engine.counters().fallback_runs == 0


async def test_each_event_of_a_subscription_runs_compiled() -> None:
    schema = build_schema(SCHEMA)

    async def added(_info: Any) -> Any:
        for number in range(3):
            yield {"added": {"id": number, "name": "n" if number else 1 / 3}}

    document = parse("subscription { added { id name } }")
    expected = [result async for result in subscribe(schema, document, {"added": added})]  # type: ignore[union-attr]
    actual = [result async for result in engine.subscribe(schema, document, {"added": added})]
    assert actual == expected
    assert engine.counters() == (3, 0, {})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"middleware": [lambda next_, *args: next_(*args)]}, "middleware"),
        ({"executor_class": Executor}, "custom executor class"),
        ({"is_awaitable": lambda _: False}, "custom is_awaitable or is_async_iterable"),
        ({"hooks": ExecutionHooks()}, "execution hooks"),
        ({"operation_name": "Nope"}, "no such operation"),
    ],
)
def test_what_is_not_covered_falls_back_with_its_reason(given: Any, reason: str) -> None:
    schema, document = build_schema("type Query { a: Int }"), parse("{ a }")
    assert engine.execute(schema, document, {"a": 1}, **given) == execute(
        schema, document, {"a": 1}, **given
    )
    assert engine.counters() == (0, 1, {reason: 1})


def test_an_invalid_schema_is_refused() -> None:
    schema = GraphQLSchema()
    with pytest.raises(TypeError, match="Query root type must be provided"):
        engine.execute(schema, parse("{ a }"))


@pytest.mark.parametrize(
    ("text", "variables", "expected", "facts"),
    [
        ("{ a b }", None, {"data": {"a": 1, "b": None}}, (None, True, False)),
        ("{ a", None, None, ("parsing", False, True)),
        ("{ c }", None, None, ("validation", False, True)),
        ("query ($n: Int!) { a @skip(if: true) n(n: $n) }", {}, None, ("variables", False, True)),
        ("query A { a }", None, {"data": {"a": 1}}, (None, True, False)),
    ],
)
async def test_bytes_say_what_became_of_a_request(
    text: str, variables: Any, expected: Any, facts: Any
) -> None:
    schema = build_schema("type Query { a: Int b: String n(n: Int!): Int }")
    response = await engine.execute_to_bytes(schema, text, variables, root_value={"a": 1})
    body = orjson.loads(response.body)
    assert response[1:] == facts
    if expected is None:
        assert list(body) == ["errors"]
    else:
        assert body == expected


async def test_bytes_of_what_orjson_does_not_take() -> None:
    schema = build_schema("scalar Any type Query { big: Any odd: Any s: String }")
    root = {"big": 2**70, "odd": {1: "x"}, "s": "\ud800"}
    response = await engine.execute_to_bytes(schema, "{ big odd s }", root_value=root)
    assert response.body == (
        b'{"data":{"big":1180591620717411303424,"odd":{"1":"x"},"s":"\\ud800"}}'
    )


async def test_errors_are_formatted_as_asked() -> None:
    def formatter(error: GraphQLError, refusal: Any) -> dict[str, Any]:
        return {"message": error.message, "extensions": {"code": str(refusal)}}

    schema = build_schema("type Query { a: Int! }")
    response = await engine.execute_to_bytes(schema, "{ a }", formatter=formatter)
    assert orjson.loads(response.body) == {
        "data": None,
        "errors": [
            {
                "message": "Cannot return null for non-nullable field Query.a.",
                "extensions": {"code": "None"},
            }
        ],
    }
