"""Inputs coerced and converted by functions made once: as graphql-core and Strawberry do it."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, build_schema, get_variable_values, parse
from graphql.execution.values import VariableValues
from graphql.language import OperationDefinitionNode
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.engine import variables
from graphql_api.engine.strawberry import Schema
from graphql_api.engine.variables import VariablePlan

SDL = """
scalar Day
enum Mood { CALM WILD }
input Place { street: String!  floor: Int = 0 }
input Guest @oneOf { name: String  id: ID }
input Chain { next: Chain  name: String }
input Party {
  id: ID!  name: String  people: Int! = 1  price: Float  open: Boolean = true  mood: Mood = WILD
  day: Day  place: Place  tags: [String!] = ["a"]  stops: [Place!]
}
type Query { f(party: Party  guest: Guest  chain: Chain  moods: [Mood]  day: Day): Int }
"""
OPERATION = """
query (
  $party: Party!  $again: Party  $moods: [Mood]  $grid: [[Int!]!]  $day: Day = "mon"  $id: ID
  $guest: Guest  $chain: Chain
) { f }
"""


def schema() -> GraphQLSchema:
    made = build_schema(SDL)
    day: Any = made.type_map["Day"]

    def coerce_day(value: Any) -> Any:
        if value == "never":
            raise ValueError(value)
        return ("day", value)

    day.coerce_input_value = coerce_day
    place: Any = made.type_map["Place"]
    place.out_type = lambda value: ("place", value)
    place.fields["street"].out_name = "strasse"
    return made


SCHEMA = schema()
ATOMS: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "CALM", "never", 0, 2**31 - 1, 2**31, True, 1.0, 1.5, float("inf"), (), {}, [None]]
)
PLACES = st.fixed_dictionaries(
    {"street": st.one_of(st.just("s"), ATOMS)},
    optional={"floor": st.one_of(st.just(3), ATOMS), "attic": ATOMS},
)
PARTIES = st.fixed_dictionaries(
    {"id": st.one_of(st.just("x"), ATOMS)},
    optional={
        "name": st.one_of(st.just("n"), ATOMS),
        "people": st.one_of(st.just(2), ATOMS),
        "price": ATOMS,
        "open": st.one_of(st.booleans(), ATOMS),
        "mood": st.one_of(st.just("CALM"), ATOMS),
        "day": ATOMS,
        "place": st.one_of(PLACES, ATOMS),
        "tags": st.one_of(st.lists(st.one_of(st.just("t"), ATOMS), max_size=2), ATOMS),
        "stops": st.one_of(st.lists(PLACES, max_size=2), PLACES, ATOMS),
    },
)
INPUTS = st.fixed_dictionaries(
    {"party": st.one_of(PARTIES, PARTIES, ATOMS)},
    optional={
        "again": st.one_of(PARTIES, ATOMS),
        "moods": st.one_of(st.lists(st.sampled_from(["CALM", "WILD", "?"]), max_size=2), ATOMS),
        "grid": st.one_of(st.just([[1], []]), st.just([1]), ATOMS),
        "day": ATOMS,
        "id": ATOMS,
        "guest": st.one_of(st.just({"name": "n"}), st.just({"name": "n", "id": "x"}), ATOMS),
        "chain": st.one_of(st.just({"next": {"name": "n"}}), ATOMS),
    },
)


def definitions(text: str) -> Any:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.variable_definitions


@pytest.mark.parametrize(
    "text", [OPERATION, OPERATION.replace("$guest: Guest  $chain: Chain", "")], ids=["all", "usual"]
)
@given(inputs=INPUTS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_variables_are_what_graphql_core_makes_of_them(text: str, inputs: dict[str, Any]) -> None:
    nodes = definitions(text)
    ours = VariablePlan(SCHEMA, nodes).coerce(inputs, 50, hide_suggestions=False)
    reference = get_variable_values(SCHEMA, nodes, inputs, 50)
    if isinstance(reference, list):
        assert isinstance(ours, list)
        assert [error.message for error in ours] == [error.message for error in reference]
    else:
        assert isinstance(ours, VariableValues)
        assert repr(ours.coerced) == repr(reference.coerced)  # 1, 1.0 and True are not the same
        assert _values(ours) == _values(reference)


def _values(given: VariableValues) -> dict[str, Any]:
    return {name: source.value for name, source in given.sources.items()}


def test_what_is_right_never_needs_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = definitions("query ($party: Party!, $moods: [Mood], $day: Day) { f }")
    plan = VariablePlan(SCHEMA, nodes)
    monkeypatch.setattr(variables, "get_variable_values", None)
    place = {"street": "s", "floor": 2}
    party = {"id": "x", "price": 1.5, "day": "mon", "place": place, "stops": [place], "tags": []}
    coerced = plan.coerce({"party": party, "moods": ["CALM", None]}, 50, hide_suggestions=False)
    assert not isinstance(coerced, list)
    assert coerced.coerced["moods"] == ["CALM", None]
    assert coerced.coerced["party"] == {
        "id": "x",
        "people": 1,
        "price": 1.5,
        "open": True,
        "mood": "WILD",
        "day": ("day", "mon"),
        "place": ("place", {"strasse": "s", "floor": 2}),
        "tags": [],
        "stops": [("place", {"strasse": "s", "floor": 2})],
    }


@strawberry.enum
class Mood(enum.Enum):
    CALM = "c"
    WILD = "w"


@strawberry.input
class Where:
    street_name: str
    floor: int | None = strawberry.UNSET
    door: int | None


@strawberry.input
class Chained:
    name: str
    next: Chained | None = None


@strawberry.input
class Checked:
    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("A name is needed.")


@strawberry.input
class Changed:
    name: strawberry.Maybe[str | None]


@strawberry.input
class Everything:
    id: strawberry.ID
    mood: Mood = Mood.WILD
    moods: list[Mood] | None = None
    places: list[Where] = strawberry.field(default_factory=list)
    grid: list[list[int]] = strawberry.field(name="raster", default_factory=list)
    when: datetime | None = None
    checked: Checked | None = None


@strawberry.type
class Query:
    @strawberry.field
    def everything(self, given: Everything, tags: list[str] | None = strawberry.UNSET) -> str:
        return repr((given, tags))

    @strawberry.field
    async def later(self, given: Everything | None = None) -> str:
        return repr(given)

    @strawberry.field
    def others(self, chain: Chained | None = None, changed: Changed | None = None) -> str:
        return repr((chain, changed))


ID = {"id": "x"}
WHEN = datetime(2026, 5, 1, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    ("field", "variables"),
    [
        ("everything", {"given": ID}),
        ("everything", {"given": ID, "tags": None}),
        ("everything", {"given": ID, "tags": ["a", "b"]}),
        ("everything", {"given": {**ID, "mood": "CALM", "moods": ["CALM", "WILD"], "when": WHEN}}),
        ("everything", {"given": {**ID, "moods": None, "raster": [[1], []]}}),
        ("everything", {"given": {**ID, "places": [{"streetName": "s"}]}}),
        ("everything", {"given": {**ID, "places": [{"streetName": "s", "floor": None}]}}),
        ("everything", {"given": {**ID, "places": {"streetName": "s", "floor": 1, "door": 2}}}),
        ("everything", {"given": {**ID, "checked": {"name": ""}}}),
        ("later", {"given": {**ID, "checked": {"name": ""}}}),
        ("later", {"given": {**ID, "checked": {"name": "n"}}}),
        ("later", {"given": None}),
        ("later", {}),
        ("others", {"chain": {"name": "a", "next": {"name": "b"}}}),
        ("others", {"changed": {}}),
        ("others", {"changed": {"name": None}}),
        ("others", {"changed": {"name": "n"}}),
    ],
)
async def test_resolvers_get_what_strawberry_gives_them(
    field: str, variables: dict[str, Any]
) -> None:
    kinds = {
        "given": "Everything!" if field == "everything" else "Everything",
        "tags": "[String!]",
        "chain": "Chained",
        "changed": "Changed",
    }
    declared = ", ".join(f"${name}: {kinds[name]}" for name in variables)
    given = ", ".join(f"{name}: ${name}" for name in variables)
    text = f"query ({declared}) {{ {field}({given}) }}" if variables else f"{{ {field} }}"
    ours = await Schema(query=Query).execute(text, variables)
    reference = await strawberry.Schema(query=Query).execute(text, variables)
    assert ours.data == reference.data
    assert [str(error) for error in ours.errors or ()] == [
        str(error) for error in reference.errors or ()
    ]
