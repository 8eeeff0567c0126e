"""Random schemas, resolvers and operations: whole results equal graphql-core's, errors included."""

from __future__ import annotations

import asyncio
import gc
import warnings
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    execute,
    execute_sync,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    parse,
)
from graphql.type import GraphQLBoolean
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphql_api import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS = ("Ant", "Bee", "Cow")


def _even(value: Any) -> Any:
    if isinstance(value, int) and value % 2:
        raise ValueError(f"odd: {value}")
    return None if value == 0 else value


class World:
    """One random schema with values that depend on nothing but the seed and the place."""

    def __init__(self, random: Random, *, is_async: bool) -> None:
        self.random = random
        self.is_async = is_async
        self.seed = random.randrange(10**6)
        self.trouble = random.choice([0.02, 0.2, 1.0])
        self.places = 0
        self.leaves: list[Any] = [
            GraphQLString,
            GraphQLInt,
            GraphQLFloat,
            GraphQLBoolean,
            GraphQLID,
            GraphQLEnumType("Size", {"SMALL": 1, "LARGE": 2}),
            GraphQLScalarType("Even", coerce_output_value=_even),
        ]
        self.schema = self._schema()

    # -- the schema ------------------------------------------------------------------------------

    def _schema(self) -> GraphQLSchema:
        random = self.random
        self.composites: list[Any] = []
        style = random.choice(["typename", "resolve_type", "is_type_of"])
        self.style = style
        resolve_type = self._resolve_type if style == "resolve_type" else None
        shared = {"shared": GraphQLField(random.choice(self.leaves))}
        animal = GraphQLInterfaceType("Animal", shared, resolve_type=resolve_type)
        for name in OBJECTS:
            is_type_of = (
                self._is_type_of(name) if style == "is_type_of" or random.random() < 0.2 else None
            )
            self.composites.append(
                GraphQLObjectType(
                    name,
                    self._lazily(name, shared),
                    interfaces=[animal],
                    is_type_of=is_type_of,
                )
            )
        union = GraphQLUnionType("Some", self.composites[:2], resolve_type=resolve_type)
        self.composites += [animal, union]
        query = GraphQLObjectType("Query", lambda: self._fields("Query"))
        mutation = GraphQLObjectType("Mutation", lambda: self._fields("Mutation"))
        return GraphQLSchema(query, mutation, types=self.composites)

    def _lazily(self, name: str, shared: dict[str, GraphQLField]) -> Any:
        return lambda: self._fields(name) | shared

    def _is_type_of(self, name: str) -> Any:
        later = self.is_async and self.random.random() < 0.3

        async def is_type_of_later(value: Any, _info: Any) -> bool:
            await asyncio.sleep(0)
            return bool(getattr(value, "kind", None) == name)

        if later:
            return is_type_of_later
        return lambda value, info: getattr(value, "kind", None) == name and info.schema is not None

    def _resolve_type(self, value: Any, info: Any, _type: Any) -> Any:
        kind = getattr(value, "kind", None)
        if self.is_async and self.seed % 3 == 0:

            async def later() -> Any:
                await asyncio.sleep(0)
                return kind

            return later()
        assert info.field_name
        return kind

    def _type(self) -> Any:
        random = self.random
        type_: Any = random.choice(self.leaves if random.random() < 0.6 else self.composites)
        while True:
            if random.random() < 0.35:
                type_ = GraphQLNonNull(type_)
            if random.random() > 0.35:
                return type_
            type_ = GraphQLList(type_)

    def _fields(self, parent: str) -> dict[str, GraphQLField]:
        return {
            f"{letter}{number}": self._field(parent, f"{letter}{number}")
            for number, letter in enumerate("fghij"[: self.random.randint(2, 5)])
        }

    def _field(self, parent: str, name: str) -> GraphQLField:
        random = self.random
        type_ = self._type()
        args = {}
        if random.random() < 0.4:
            default: dict[str, Any] = {"default_value": 7} if random.random() < 0.5 else {}
            of_type = GraphQLInt if random.random() < 0.8 else GraphQLNonNull(GraphQLInt)
            args["n"] = GraphQLArgument(of_type, **default)
            args["tags"] = GraphQLArgument(GraphQLList(GraphQLString))
        if parent not in ("Query", "Mutation") and random.random() < 0.6 and not args:
            return GraphQLField(type_)  # read by the default resolver

        def resolve(source: Any, info: Any, **given: Any) -> Any:
            assert info.field_name == name
            place = f"{getattr(source, 'place', '')}/{info.path.as_list()}{sorted(given.items())}"
            return self.value(type_, Random(f"{self.seed}{place}"), place)

        return GraphQLField(type_, args, resolve)

    # -- values ----------------------------------------------------------------------------------

    def value(self, type_: Any, random: Random, place: str) -> Any:
        if self.is_async and random.random() < 0.25:
            return self._later(type_, random, place)
        chance = random.random() / self.trouble
        if chance < 0.05:
            return None
        if chance < 0.09:
            raise ValueError(f"raised at {place}")
        if chance < 0.12:
            return KeyError(f"returned at {place}")
        if chance < 0.15:
            return random.choice([object, 2**40, float("nan"), "x", b"y", [], {}, -3])
        return self._proper(type_, random, place)

    async def _later(self, type_: Any, random: Random, place: str) -> Any:
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        value = self.value(type_, random, place + "~")
        return await value if asyncio.iscoroutine(value) else value

    def _proper(self, type_: Any, random: Random, place: str) -> Any:
        if is_non_null_type(type_):
            return self._proper(type_.of_type, random, place)
        if is_list_type(type_):
            return self._list(type_.of_type, random, place)
        if is_leaf_type(type_):
            choices: dict[str, list[Any]] = {
                "String": ["a", "b", 1, True],
                "Int": [1, 2, True, "3", 4.0],
                "Float": [1.5, 2, "2.5", False],
                "Boolean": [True, False, 1],
                "ID": ["x", 5],
                "Size": [1, 2],
                "Even": [2, 4, "s"] if random.random() > self.trouble else [0, 3],
            }
            return random.choice(choices[type_.name])
        return self._object(type_, random, place)

    def _list(self, item: Any, random: Random, place: str) -> Any:
        def items() -> Any:
            for number in range(random.randrange(5)):
                yield self.value(item, Random(f"{self.seed}{place}{number}"), f"{place}.{number}")

        async def items_later() -> Any:
            for value in items():
                await asyncio.sleep(0)
                yield value

        chance = random.random()
        if self.is_async and chance < 0.15:
            return items_later()
        return items() if chance < 0.25 else tuple(items()) if chance < 0.35 else list(items())

    def _object(self, type_: Any, random: Random, place: str) -> Any:
        kinds = [type_.name] if is_object_type(type_) else OBJECTS[:2]
        if random.random() < 0.2 * self.trouble:
            kinds = [*OBJECTS, "Nobody", "Some"]
        kind = random.choice(kinds)
        world = self

        def reader(name: str, of_type: Any) -> Any:
            def read(source: Any) -> Any:
                at = f"{source.place}.{name}"
                return world.value(of_type, Random(f"{world.seed}{at}"), at)

            return read

        concrete = self.schema.get_type(kind)
        fields = concrete.fields if is_object_type(concrete) else {}
        readers = {name: reader(name, field.type) for name, field in fields.items()}
        mode = random.random()
        if mode < 0.2 and self.style == "typename":
            return Keyed(readers, place, kind)
        namespace: dict[str, Any] = {name: property(read) for name, read in readers.items()}
        if mode < 0.4:
            namespace = {
                name: (lambda self, _info, read=read: read(self)) for name, read in readers.items()
            }
        if mode > 0.9:
            namespace["__getattr__"] = lambda _self, name: (_ for _ in ()).throw(
                AttributeError(name)
            )
        namespace["__str__"] = namespace["__repr__"] = lambda self: f"<{self.place}>"
        cls = type(kind, (), namespace)
        source: Any = cls()
        source.place = place
        source.kind = kind
        setattr(source, f"_{kind}__typename", kind)
        return source


class Keyed(dict[str, Any]):
    """A mapping whose values come into being when they are asked for."""

    def __init__(self, readers: dict[str, Any], place: str, kind: str) -> None:
        super().__init__()
        self.readers = readers
        self.place = place
        self.kind = kind

    def get(self, key: str, default: Any = None) -> Any:
        if key == "__typename":
            return self.kind
        return self.readers[key](self) if key in self.readers else default


class Text:
    """One random operation."""

    def __init__(self, world: World, random: Random) -> None:
        self.schema = world.schema
        self.random = random
        self.fragments: list[str] = []
        root = random.choice(["query", "query", "mutation"])
        body = self.selection(self.schema.get_type(root.capitalize()), 0)
        head = f"{root} Op($yes: Boolean! = true, $no: Boolean = false, $n: Int = 3, $m: Int)"
        self.text = " ".join([head, body, *self.fragments])

    def selection(self, type_: Any, depth: int) -> str:
        parts = [self.part(type_, depth) for _ in range(self.random.randint(1, 4))]
        return "{ " + " ".join(parts) + " }"

    def part(self, type_: Any, depth: int) -> str:
        random = self.random
        chance = random.random()
        if depth and chance < 0.12:
            on = f"on {random.choice(OBJECTS)}" if is_abstract_type(type_) else ""
            inner: Any = self.schema.get_type(on[3:]) if on else type_
            return f"... {on} {self.directive()} {self.selection(inner, depth + 1)}"
        if depth and chance < 0.2 and len(self.fragments) < 4:
            inner = self.schema.get_type(random.choice(OBJECTS))
            name = f"Part{len(self.fragments)}"
            self.fragments.append("")
            position = len(self.fragments) - 1
            body = self.selection(inner, depth + 1)
            self.fragments[position] = f"fragment {name} on {inner.name} {body}"
            return f"...{name} {self.directive()}"
        names = list(getattr(type_, "fields", {}))
        if chance < 0.28 or not names:
            return "__typename"
        name = random.choice(names)
        field = type_.fields[name]
        alias = f"{random.choice('xyz')}: " if random.random() < 0.25 else ""
        named = get_named_type(field.type)
        below = ""
        if not is_leaf_type(named):
            below = self.selection(named, depth + 1) if depth < 3 else "{ __typename }"
        return f"{alias}{name}{self.arguments(field)} {self.directive()} {below}"

    def arguments(self, field: GraphQLField) -> str:
        if not field.args or self.random.random() < 0.1:
            return ""
        odd = ["$m", "null", "$absent", "SMALL"] if self.random.random() < 0.15 else ["$n"]
        given = [f"n: {self.random.choice(['1', '9', *odd])}"]
        if self.random.random() < 0.4:
            given.append('tags: ["t", "u"]')
        return f"({', '.join(given)})"

    def directive(self) -> str:
        if self.random.random() > 0.2:
            return ""
        name = self.random.choice(["skip", "include"])
        return f"@{name}(if: {self.random.choice(['true', 'false', '$yes', '$no'])})"


def picture(result: ExecutionResult) -> Any:
    """Everything that a caller can see of a result, the order of keys included."""
    return repr(result.data), [
        (
            error.message,
            error.path,
            error.locations,
            type(error.original_error),
            str(error.original_error),
            [id(node) for node in error.nodes or ()],
        )
        for error in result.errors or ()
    ]


async def _run(function: Any, *args: Any, **kwargs: Any) -> Any:
    result = function(*args, **kwargs)
    is_awaitable = asyncio.iscoroutine(result)
    result = picture(await result if is_awaitable else result)
    for _ in range(5):
        await asyncio.sleep(0)
    return is_awaitable, result


PROFILE = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
RANDOMS = st.integers(0, 10**9).map(Random)
VARIABLES = st.sampled_from([None, {"yes": False}, {"n": None}, {"m": 4, "no": True}, {"n": "x"}])


@pytest.fixture
def swept() -> Iterator[None]:
    """What a test abandoned is noticed as its own, not within the next one."""
    yield
    gc.collect()


@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(random=RANDOMS, variables=VARIABLES)
@PROFILE
def test_asynchronous_results_are_equal(random: Random, variables: Any) -> None:
    world = World(random, is_async=True)
    document = parse(Text(world, random).text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = asyncio.run(_run(execute, world.schema, document, variable_values=variables))
        actual = asyncio.run(
            _run(engine.execute, world.schema, document, variable_values=variables)
        )
    assert actual == expected


@given(random=RANDOMS, variables=VARIABLES)
@PROFILE
def test_synchronous_results_are_equal(random: Random, variables: Any) -> None:
    world = World(random, is_async=False)
    document = parse(Text(world, random).text)
    expected = picture(execute_sync(world.schema, document, variable_values=variables))
    actual = picture(engine.execute_sync(world.schema, document, variable_values=variables))
    assert actual == expected
