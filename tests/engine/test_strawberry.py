"""A Strawberry schema with the engine on, off, and Strawberry's own: the same answers."""

# ruff: noqa: ARG002, ARG005, RUF012, TC003 - Strawberry reads names and annotations

from __future__ import annotations

import enum
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import orjson
import pytest
import strawberry
from graphql import GraphQLError, ValidationRule
from strawberry.extensions import (
    AddValidationRules,
    FieldExtension,
    MaskErrors,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import PreExecutionError

from graphql_api import engine
from graphql_api.engine.strawberry import Schema


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="strawberry.execution")


@strawberry.enum
class Mood(enum.Enum):
    CALM = "c"
    WILD = "w"


@strawberry.interface
class Node:
    id: strawberry.ID


class Never(BasePermission):
    message = "never"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return False


class Shout(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return str(next_(source, info, **kwargs)).upper()


@strawberry.type
class Host(Node):
    nick: str | None


@strawberry.type
class Party(Node):
    name: str
    people: int
    mood: Mood = Mood.CALM
    moods: list[Mood | None] = strawberry.field(default_factory=lambda: [Mood.WILD, None])
    begins: datetime = datetime(2026, 5, 1, 20, tzinfo=UTC)
    class_: str = "private"
    secret: str = strawberry.field(default="s", permission_classes=[Never])
    loud: str = strawberry.field(default="psst", extensions=[Shout()])

    def _guarded(self) -> str | None:
        return "for nobody"

    guarded: str | None = strawberry.field(resolver=_guarded, permission_classes=[Never])

    def _loudly(self, word: str = "hush") -> str:
        return word

    loudly: str = strawberry.field(resolver=_loudly, extensions=[Shout()])

    @strawberry.field
    def title(self) -> str:
        return self.name.title()

    @strawberry.field
    async def host(self) -> Host:
        return Host(id=strawberry.ID(f"h{self.id}"), nick=None)

    @strawberry.field
    def greeting(
        self, info: strawberry.Info, to: str, times: int = 1, mood: Mood | None = None
    ) -> str:
        return " ".join([f"{info.field_name} {to} {mood} {info.context}"] * times)

    @strawberry.field
    @staticmethod
    def parent_name(parent: strawberry.Parent[Any]) -> str:
        return str(parent.name)

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError(f"broken {self.id}")


@strawberry.input
class NewParty:
    name: str
    people: int = 0
    moods: list[Mood] = strawberry.field(default_factory=list)


Found = Annotated[Party | Host, strawberry.union("Found")]


@strawberry.type
class Query:
    @strawberry.field
    async def parties(self, info: strawberry.Info, first: int = 2) -> list[Party]:
        return [party(number) for number in range(first)]

    @strawberry.field
    def node(self, id: strawberry.ID) -> Node | None:
        return Host(id=id, nick="n") if id.startswith("h") else party(int(id))

    @strawberry.field
    def found(self) -> list[Found]:
        return [party(1), Host(id=strawberry.ID("h"), nick="x")]

    @strawberry.field
    def wrong(self) -> Found:
        return cast("Found", "nothing")

    @strawberry.field
    def cast_row(self) -> Found:
        class Row:
            id = "row"
            nick = "cast"

        return cast("Found", strawberry.cast(Host, Row()))

    @strawberry.field
    def disguised(self) -> Found:
        guest = party(1)
        object.__setattr__(guest, "nick", "disguised")
        return cast("Found", strawberry.cast(Host, guest))


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create(self, new: NewParty, info: strawberry.Info) -> Party:
        return Party(id=strawberry.ID("new"), name=new.name + repr(new.moods), people=new.people)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[Party]:
        for number in range(to):
            yield party(number)


def party(number: int) -> Party:
    return Party(id=strawberry.ID(str(number)), name=f"party {number}", people=number)


def schemas(**given: Any) -> list[strawberry.Schema]:
    types: dict[str, Any] = {"query": Query, "mutation": Mutation, "subscription": Subscription}
    return [
        Schema(**types, **given),
        Schema(**types, **given, engine=False),
        strawberry.Schema(**types, **given),
    ]


PARTS = "id name people mood moods begins class_ title parentName host { id nick } broken"
QUERIES: list[tuple[str, dict[str, Any] | None]] = [
    (f"query ($n: Int!) {{ parties(first: $n) {{ __typename {PARTS} }} }}", {"n": 3}),
    ("{ parties { loud secret } }", None),
    ("{ parties(first: 1) { loud loudly guarded } }", None),
    ('{ parties { greeting(to: "you", times: 2, mood: WILD) } }', None),
    ("query ($t: String!) { parties { greeting(to: $t, mood: null) } }", {"t": "t"}),
    ('{ a: node(id: "1") { id ... on Party { name } } b: node(id: "h") { id __typename } }', None),
    (
        "{ found { ... on Party { name } ... on Host { nick } } castRow { ... on Host { nick } } }",
        None,
    ),
    ("{ wrong { __typename } }", None),
    ("{ found { __typename } disguised { __typename ... on Host { nick } } }", None),
    ('mutation { create(new: {name: "n", moods: [CALM]}) { name people } }', None),
    ("mutation ($new: NewParty!) { create(new: $new) { name } }", {"new": {"name": "x"}}),
    ("mutation ($new: NewParty!) { create(new: $new) { name } }", {"new": {"nme": "x"}}),
    ("{ __schema { types { name fields { name type { name kind } } } } }", None),
    ("{ parties { nope } }", None),
    ("{ parties ", None),
    ("query A { parties { id } } query B { found { __typename } }", None),
]


def picture(result: Any) -> Any:
    errors = [
        (error.message, error.path, error.locations, repr(error.original_error))
        for error in result.errors or ()
    ]
    return type(result), repr(result.data), errors, result.extensions


@pytest.mark.parametrize(("query", "variables"), QUERIES)
@pytest.mark.parametrize("extensions", [[], [MaskErrors], [ParserCache, ValidationCache]])
async def test_answers_are_strawberrys(query: str, variables: Any, extensions: Any) -> None:
    on, off, reference = schemas(extensions=extensions)
    for _ in range(2):
        engine.reset_counters()
        results = [
            picture(await schema.execute(query, variables, "context"))
            for schema in (on, off, reference)
        ]
        assert results[0] == results[1] == results[2]
        assert set(engine.counters().fallback_reasons) <= {"engine switched off"}


@pytest.mark.parametrize(("query", "variables"), QUERIES[5:9])
def test_synchronous_answers_are_strawberrys(query: str, variables: Any) -> None:
    results = [picture(schema.execute_sync(query, variables)) for schema in schemas()]
    assert results[0] == results[1] == results[2]


async def test_plain_fields_are_read_without_info(built_infos: list[str]) -> None:
    on = schemas()[0]
    query = "{ parties { id name mood title host { nick } } found { ... on Host { nick } } }"
    assert (await on.execute(query)).errors is None
    assert built_infos == ["parties"]
    assert (await on.execute('{ parties(first: 1) { greeting(to: "x") } }')).errors is None
    assert built_infos == ["parties", "parties", "greeting"]


async def test_permissions_are_asked() -> None:
    result = await schemas()[0].execute("{ parties(first: 1) { guarded loudly } }")
    assert result.data == {"parties": [{"guarded": None, "loudly": "HUSH"}]}
    assert [error.message for error in result.errors or ()] == ["never"]


async def test_another_default_resolver_is_called() -> None:
    config = StrawberryConfig(default_resolver=lambda source, name: f"{name}!")
    for schema in schemas(config=config):
        result = await schema.execute("{ parties { name } }")
        assert result.data == {"parties": [{"name": "name!"}, {"name": "name!"}]}


async def test_a_replaced_resolver_is_called() -> None:
    on = schemas()[0]
    party_type: Any = on._schema.type_map["Party"]
    party_type.fields["name"].resolve = lambda *_: "replaced"
    assert (await on.execute("{ parties(first: 1) { name } }")).data == {
        "parties": [{"name": "replaced"}]
    }


class Hooks(SchemaExtension):
    log: list[str] = []

    def on_operation(self) -> Iterator[None]:
        self.log.append("operation")
        yield
        self.log.append("/operation")

    def on_validate(self) -> Iterator[None]:
        self.log.append("validate")
        yield

    def on_parse(self) -> Iterator[None]:
        self.log.append("parse")
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        self.log.append("execute")
        yield

    def get_results(self) -> dict[str, Any]:
        return {"calls": len(self.log)}


async def test_hooks_are_called() -> None:
    for schema in schemas(extensions=[Hooks]):
        Hooks.log.clear()
        result = await schema.execute("{ parties { id } }")
        assert Hooks.log == ["operation", "parse", "validate", "execute", "/operation"]
        assert result.extensions == {"calls": 5}
    assert engine.counters() == (1, 1, {"engine switched off": 1})


class NoName(ValidationRule):
    def enter_field(self, node: Any, *_: Any) -> None:
        if node.name.value == "name":
            self.report_error(GraphQLError("no names", node))


@pytest.mark.parametrize(
    ("extension", "query", "message"),
    [
        (lambda: AddValidationRules([NoName]), "{ parties { name } }", "no names"),
        (lambda: QueryDepthLimiter(1), "{ parties { host { id } } }", "anonymous' exceeds"),
        (lambda: MaxTokensLimiter(3), "{ parties { id } }", "more than 3 tokens"),
        (MaskErrors, "{ parties { broken } }", "Unexpected error."),
    ],
)
async def test_extensions_that_refuse_still_do(extension: Any, query: str, message: str) -> None:
    on, _, reference = schemas(extensions=[extension])
    for _ in range(2):
        result, expected = await on.execute(query), await reference.execute(query)
        assert picture(result) == picture(expected)
        assert message in (result.errors or [])[0].message
    assert (await on.execute("{ __typename }")).data == {"__typename": "Query"}


async def test_rules_are_not_mixed_up() -> None:
    plain, strict = schemas()[0], schemas(extensions=[lambda: AddValidationRules([NoName])])[0]
    strict.plans.documents = plain.plans.documents  # type: ignore[attr-defined]
    for _ in range(2):
        assert (await plain.execute("{ parties { name } }")).errors is None
        assert isinstance(await strict.execute("{ parties { name } }"), PreExecutionError)


class Resolves(SchemaExtension):
    def resolve(self, _next: Any, root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        value = _next(root, info, *args, **kwargs)
        return value.upper() if isinstance(value, str) else value


async def test_an_extension_that_wraps_resolve_falls_back() -> None:
    for schema in schemas(extensions=[Resolves]):
        result = await schema.execute("{ found { ... on Party { name } } }")
        assert result.data == {"found": [{"name": "PARTY 1"}, {}]}
    assert engine.counters().fallback_reasons == {
        "extension that wraps resolve": 1,
        "engine switched off": 1,
    }


async def test_subscriptions_are_strawberrys() -> None:
    seen = []
    for schema in schemas():
        stream: Any = await schema.subscribe("subscription { count(to: 2) { id broken title } }")
        seen.append([picture(result) async for result in stream])
    assert len(seen[0]) == 2
    assert seen[0] == seen[1] == seen[2]
    assert engine.counters() == (2, 0, {})


async def test_errors_are_processed_with_their_context() -> None:
    seen: list[Any] = []

    class Reporting(Schema):
        def process_errors(self, errors: Any, execution_context: Any = None) -> None:
            seen.append((len(errors), execution_context.query, execution_context.context))

    schema = Reporting(Query)
    for query in ("{ parties { broken } }", "{ nope }", "{"):
        await schema.execute(query, context_value="c")
    assert seen == [(2, "{ parties { broken } }", "c"), (1, "{ nope }", "c"), (1, "{", "c")]


@pytest.mark.parametrize(
    ("query", "variables", "refusal"),
    [
        ("{ parties { id } }", None, None),
        ("{ parties { broken } }", None, None),
        ("{ parties { secret } }", None, None),
        ("{", None, "parsing"),
        ("{ nope }", None, "validation"),
        ("query ($n: Int!) { parties(first: $n) { id } }", None, "variables"),
        (None, None, "operation"),
    ],
)
@pytest.mark.parametrize("extensions", [[], [MaxTokensLimiter(1000)]])
@pytest.mark.filterwarnings("ignore:Passing an extension instance")
async def test_bytes_are_the_answer(
    query: str | None, variables: Any, refusal: str | None, extensions: Any
) -> None:
    on, _, reference = schemas(extensions=extensions)
    response = await on.execute_to_bytes(query, variables)  # type: ignore[attr-defined]
    body = orjson.loads(response.body)
    assert response.refusal == refusal
    if query is None:
        assert body == {"errors": [{"message": 'Request data is missing a "query" value'}]}
        return
    expected = await reference.execute(query, variables)
    assert body.get("data") == expected.data
    assert ("data" in body) == (refusal is None)
    assert body.get("errors", []) == [error.formatted for error in expected.errors or ()]
    assert (response.has_data, response.has_errors) == (
        expected.data is not None,
        bool(expected.errors),
    )
