"""Plans: compiled once, bounded, gone with their schema; failing documents kept apart."""

from __future__ import annotations

import asyncio
import gc
import linecache
import threading
import traceback
import weakref
from typing import Any

import pytest
from graphql import GraphQLError, build_schema, parse, specified_rules

from graphql_api import engine
from graphql_api.engine import documents, execution, plan
from graphql_api.engine.cache import BoundedCache
from graphql_api.engine.execution import plans_of

RULES = tuple(specified_rules)


def make_schema() -> Any:
    return build_schema(
        """
        type Query { parties(first: Int = 2): [Party!]! node: Node boom: String }
        type Mutation { add(n: Int!): Int! }
        interface Node { id: ID! }
        type Party implements Node { id: ID! name: String people: Int! }
        """
    )


ROOT = {
    "parties": [{"id": "1", "name": "Ball", "people": 3}],
    "node": {"__typename": "Party", "id": "2"},
}


def generated_files() -> list[str]:
    return [name for name in linecache.cache if name.startswith("<graphql ")]


def test_one_document_is_compiled_once() -> None:
    schema = make_schema()
    document = parse("{ parties { id name } }")
    for _ in range(5):
        result = engine.execute_sync(schema, document, ROOT)
        assert result.data == {"parties": [{"id": "1", "name": "Ball"}]}
    (operation,) = plans_of(schema).operations._entries.values()
    assert len(operation.value.variants) == 1
    (variant,) = operation.value.variants.values()
    assert len(variant.sources) == 1
    assert engine.counters() == (5, 0, {})


def test_each_combination_of_conditions_is_a_variant_up_to_a_bound() -> None:
    schema = make_schema()
    names = [f"c{number}" for number in range(5)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: boom @include(if: ${name})" for name in names)
    document = parse(f"query ({declared}) {{ {fields} }}")
    for number in range(32):
        values = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        data = engine.execute_sync(schema, document, {"boom": "b"}, variable_values=values).data
        assert data == {name: "b" for name in names if values[name]}
    assert engine.counters() == (
        plan.MAX_VARIANTS,
        32 - plan.MAX_VARIANTS,
        {"too many combinations of @skip and @include": 32 - plan.MAX_VARIANTS},
    )


def test_an_operation_that_is_too_large_falls_back() -> None:
    schema = make_schema()
    document = parse(
        "{" + " ".join(f"a{number}: boom" for number in range(plan.MAX_FIELDS + 1)) + "}"
    )
    assert len(engine.execute_sync(schema, document, {}).data or {}) == plan.MAX_FIELDS + 1
    assert engine.counters() == (0, 1, {"operation too large to compile": 1})


def test_fragments_that_multiply_do_not_multiply_code() -> None:
    schema = build_schema(
        "interface I { i: I n: Int } type T implements I { i: I n: Int } type Query { i: I }"
    )
    fragments = "".join(
        f"fragment F{n} on T {{ a: i {{ ...F{n + 1} }} b: i {{ ...F{n + 1} }} }} "
        for n in range(12)
    )
    document = parse("{ i { ...F0 } } " + fragments + "fragment F12 on T { n }")
    source = {"__typename": "T", "i": None, "n": 1}
    result = engine.execute_sync(schema, document, {"i": source | {"i": source}})
    assert result.data == {"i": {"a": {"a": None, "b": None}, "b": {"a": None, "b": None}}}
    assert engine.counters().compiled_runs == 1


def test_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "MAX_PLANS", 8)
    schema = make_schema()
    before = len(generated_files())
    for number in range(100):
        document = parse(f"{{ parties {{ a{number}: id }} }}")
        assert engine.execute_sync(schema, document, ROOT).errors is None
    gc.collect()
    assert len(plans_of(schema).operations) == 8
    assert len(generated_files()) - before <= 8


def test_a_schema_and_its_plans_can_go() -> None:
    schema = make_schema()
    engine.execute_sync(schema, parse("{ parties { id } }"), ROOT)
    (operation,) = plans_of(schema).operations._entries.values()
    files = [
        source.filename
        for variant in operation.value.variants.values()
        for source in variant.sources
    ]
    gone = weakref.ref(schema)
    del schema, operation
    gc.collect()
    assert gone() is None
    assert not [name for name in files if name in linecache.cache]


def test_nothing_of_a_request_stays_behind() -> None:
    class Guest:
        id = "1"
        name = None
        people = 1

    schema = make_schema()
    document = parse("query ($n: Int) { parties(first: $n) { id name people } node { id } }")
    guest: Any = Guest()
    gone = weakref.ref(guest)
    engine.execute_sync(schema, document, {"parties": [guest], "node": None}, guest, {"n": 1})
    del guest
    gc.collect()
    assert gone() is None


def test_runs_leave_no_objects_behind() -> None:
    schema = make_schema()
    document = parse("{ parties { id name people } node { id } boom }")

    def run(times: int) -> int:
        for _ in range(times):
            engine.execute_sync(schema, document, ROOT)
        gc.collect()
        return len(gc.get_objects())

    run(50)
    assert abs(run(2000) - run(10)) < 50


def test_bad_texts_cannot_evict_good_ones() -> None:
    schema = make_schema()
    cache = plans_of(schema).documents
    good = cache.get("{ boom }", RULES, {})
    for number in range(documents.MAX_DOCUMENTS + 10):
        assert cache.get(f"{{ nope{number} }}", RULES, {}).refusal == "validation"
        assert cache.get(f"{{ boom{number}", RULES, {}).refusal == "parsing"
    assert cache.get("{ boom }", RULES, {}) is good
    assert len(cache.failing) == documents.MAX_FAILING
    assert len(cache.good) == 1


def test_very_long_texts_are_not_remembered() -> None:
    cache = plans_of(make_schema()).documents
    text = "{ boom } #" + "x" * documents.MAX_CACHED_TEXT
    assert cache.get(text, RULES, {}).refusal is None
    assert len(cache.good) == 0


def test_what_is_read_survives_eviction() -> None:
    cache: BoundedCache[str] = BoundedCache(3)
    for key in "abc":
        cache.put(key, key)
    assert cache.get("a") == "a"
    cache.put("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_threads_that_miss_together_make_a_value_once() -> None:
    cache: BoundedCache[object] = BoundedCache(3)
    entered, proceed, made = threading.Event(), threading.Event(), []

    def make() -> object:
        made.append(1)
        entered.set()
        assert proceed.wait(10)
        return object()

    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(cache.get_or_make("key", make)))
        for _ in range(8)
    ]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    proceed.set()
    for thread in threads:
        thread.join(10)
    assert (len(made), len(found), len(set(map(id, found)))) == (1, 8, 1)


def test_a_maker_that_fails_leaves_the_way_free() -> None:
    cache: BoundedCache[str] = BoundedCache(3)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("key", lambda: str(1 / 0))
    assert cache.get_or_make("key", lambda: "made") == "made"


async def test_requests_that_come_together_compile_once() -> None:
    schema = make_schema()
    responses = await asyncio.gather(
        *[engine.execute_to_bytes(schema, "{ parties { id } }", root_value=ROOT) for _ in range(20)]
    )
    assert {response.body for response in responses} == {b'{"data":{"parties":[{"id":"1"}]}}'}
    assert len(plans_of(schema).operations) == len(plans_of(schema).documents.good) == 1


def test_tracebacks_show_generated_code() -> None:
    schema = make_schema()
    shown: list[str] = []

    class Party:
        id = "1"

        @property
        def name(self) -> str:
            shown.append("".join(traceback.format_stack()))
            raise GraphQLError("no name")

    document = parse("{ parties { id name } }")
    result = engine.execute_sync(schema, document, {"parties": [Party()]})
    assert [error.message for error in result.errors or ()] == ["no name"]
    assert "s.name" in shown[0]


def test_a_schema_changed_in_place_can_be_forgotten() -> None:
    schema = make_schema()
    document = parse("{ boom }")
    assert engine.execute_sync(schema, document, {"boom": "a"}).data == {"boom": "a"}
    schema.query_type.fields["boom"].resolve = lambda *_: "b"
    engine.forget(schema)
    assert engine.execute_sync(schema, document, {"boom": "a"}).data == {"boom": "b"}


def test_explain_prints_the_code_or_the_reason() -> None:
    schema = make_schema()
    source = engine.explain(schema, "query ($s: Boolean!) { parties { id name @skip(if: $s) } }")
    assert "def operation(run, s, path):  # Query" in source
    assert "'name'" in source
    assert "'name'" not in engine.explain(
        schema, "query ($s: Boolean!) { parties { id name @skip(if: $s) } }", None, {"s": True}
    )
    assert (
        engine.explain(schema, "{ boom @defer }") == "# Runs in graphql-core: @defer or @stream\n"
    )
    assert "# Party" in engine.explain(schema, "{ node { id } }")
