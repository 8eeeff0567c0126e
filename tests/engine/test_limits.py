"""What is too large is refused before it is validated, however it is wrapped in fragments."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.engine import Refusal
from graphql_api.engine.limits import MANY, LimitExceededError, Limits, check
from graphql_api.engine.strawberry import Schema


def refusal(text: str, **limits: int) -> Any:
    """What a document is refused for: the limit's name, the number and the most."""
    try:
        check(parse(text), Limits(**limits))
    except LimitExceededError as error:
        limit = (error.extensions or {})["limit"]
        return limit["name"], limit["found"], limit["most"]
    return None


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("{ a { b { c } } }", "depth", 3),
        ("{ a ...F } fragment F on Q { b { c ...G } } fragment G on R { d { e } }", "depth", 3),
        ("{ ... on Q { ... on Q { a } } }", "depth", 1),
        ("{ a b: c d: e { f: g } }", "aliases", 3),
        ("{ ...F x { ...F } } fragment F on Q { a: b c: d }", "aliases", 4),
        ("{ a b ... on Q { c ...F } } fragment F on Q { d e { f } }", "root_fields", 5),
        (
            "{ a @x @x b @y { c @z } ... @x { d } ...F @w } fragment F on Q @v { e }",
            "directives",
            7,
        ),
        ("query @x { a }", "directives", 1),
        ("{ a a a { a a } }", "fields", 5),
        ("query A { a } query B { a b c }", "root_fields", 3),
    ],
)
def test_each_count_is_refused_beyond_its_limit_and_not_at_it(
    text: str, name: str, found: int
) -> None:
    assert refusal(text, **{name: found}) is None
    assert refusal(text, **{name: found - 1}) == (name, found, found - 1)


def bomb(generations: int, body: str = "...F{next} ...F{next}") -> str:
    """Fragments each of which spreads the next twice."""
    lines = [
        f"fragment F{number} on Q {{ {body.format(next=number + 1)} }}"
        for number in range(generations)
    ]
    return "{ ...F0 } " + " ".join(lines) + f" fragment F{generations} on Q {{ a: b }}"


def test_a_bomb_of_fragments_counts_what_it_expands_to() -> None:
    assert refusal(bomb(5), aliases=31) == ("aliases", 32, 31)
    assert refusal(bomb(20), fields=1000) == ("fields", 2**20, 1000)
    assert refusal(bomb(80), root_fields=1000) == ("root_fields", MANY, 1000)


def test_a_cycle_of_fragments_ends_and_is_left_to_validation() -> None:
    circle = (
        "{ ...A } fragment A on Q { a ...B } fragment B on Q { b ...A ...C } fragment C on Q { c }"
    )
    assert refusal(circle, fields=3) is None
    assert refusal(circle, fields=2) == ("fields", 3, 2)
    assert refusal("{ ...A } fragment A on Q { ...A }", fields=1, depth=1) is None
    assert refusal("{ ...Missing }", fields=1) is None


@pytest.mark.parametrize("nested", ["... { {} }", "f {{ {} }}"])
def test_nesting_has_an_end_whatever_it_is_made_of(nested: str) -> None:
    text = "a"
    for _ in range(150):
        text = nested.replace("{}", text).replace("{{", "{").replace("}}", "}")
    name, _, _ = refusal(f"{{ {text} }}", depth=16)
    assert name == "depth"
    chain = "{ ...F0 } " + " ".join(
        f"fragment F{number} on Q {{ ...F{number + 1} }}" for number in range(150)
    )
    name, _, _ = refusal(chain)
    assert name == "depth"


def test_the_usual_introspection_is_fifteen_deep() -> None:
    query = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        input_value_deprecation=True,
    )
    assert refusal(query, depth=15, fields=1000, aliases=0, directives=0) is None
    assert refusal(query, depth=14) == ("depth", 15, 14)


names = st.sampled_from(["a", "b: a", "a @x", "...A", "...B", "...C"])
selections = st.recursive(
    names,
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda s: f"f {{ {' '.join(s)} }}"),
)
bodies = st.lists(selections, min_size=1, max_size=4).map(" ".join)


@given(bodies, bodies, bodies)
def test_the_count_is_that_of_the_text_with_its_fragments_written_out(
    operation: str, first: str, second: str
) -> None:
    """Fragments spread later ones only, so that they can be written out."""
    last = "a b: a"
    second = second.replace("...A", "a").replace("...B", "a")
    first = first.replace("...A", "a")
    text = (
        f"{{ {operation} }} fragment A on Q {{ {first} }} fragment B on Q {{ {second} }} "
        f"fragment C on Q {{ {last} }}"
    )
    written = operation
    for name, body in (("A", first), ("B", second), ("C", last)):
        written = written.replace(f"...{name}", body)
    for limit in ("depth", "fields", "aliases", "root_fields", "directives"):
        assert refusal(text, **{limit: 0}) == refusal(f"{{ {written} }}", **{limit: 0})


@strawberry.type
class Query:
    @strawberry.field
    def name(self) -> str:
        return "x"

    @strawberry.field
    def again(self) -> Query | None:
        return Query()


SMALL = Limits(characters=400, tokens=30, depth=3, fields=8, aliases=2, root_fields=5, directives=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{ name }" + " " * 400,
            "The document has 408 characters; 400 is the most that is run here.",
        ),
        (
            "{ " + "name " * 30 + "}",
            "The document has 31 tokens or more; 30 is the most that is run",
        ),
        ("{ again { again { again { name } } } }", "The operation nests its fields 4 deep; 3 is"),
        (
            "{ a: name b: name c: name }",
            "The operation has 3 aliases, fragments expanded; 2 is the",
        ),
    ],
)
@pytest.mark.parametrize("engine", [True, False])
async def test_a_schema_with_limits_says_what_is_too_large(
    text: str,
    message: str,
    engine: bool,  # noqa: FBT001  # a parameter of pytest's
) -> None:
    schema = Schema(query=Query, engine=engine, limits=SMALL)
    answer = await schema.execute_to_bytes(text)
    assert answer.refusal is Refusal.LIMITS
    assert message in answer.body.decode()
    for _ in range(2):
        fits = await schema.execute_to_bytes("{ again { name } }")
        assert fits.body == b'{"data":{"again":{"name":"x"}}}'


async def test_what_is_too_large_is_not_validated_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema = Schema(query=Query, limits=SMALL)
    parsed: list[str] = []

    def count(text: str, **options: Any) -> Any:
        parsed.append(text)
        return parse(text, **options)

    monkeypatch.setattr("graphql_api.engine.documents.parse", count)
    text = "{ a: nothing b: nothing c: nothing }"
    for _ in range(3):
        answer = await schema.execute_to_bytes(text)
        assert answer.refusal is Refusal.LIMITS
        assert b"Cannot query" not in answer.body
    assert parsed == [text]


async def test_a_kept_document_may_be_as_large_as_it_likes() -> None:
    schema = Schema(query=Query, limits=SMALL)
    text = "{ a: name b: name c: name }"
    assert schema.keep(text).refusal is None
    assert (await schema.execute_to_bytes(text)).body == b'{"data":{"a":"x","b":"x","c":"x"}}'
