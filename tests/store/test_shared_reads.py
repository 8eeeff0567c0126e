"""However reads share queries, nobody sees less than was acknowledged before their read began."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied
from graphql_api.parties.limits import Limits
from graphql_api.parties.operation import take_key
from graphql_api.store.bridge import Bridge
from graphql_api.store.reads import Reads, as_it_is
from graphql_api.store.tally import Outcomes
from tests.support.parties import post

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql_api.app import Parts

KEYS = ("a", "b")


class Prepared:
    """A prepared statement that reads the row of a key."""

    def bind(self, parameters: tuple[str]) -> str:
        return parameters[0]


@dataclass
class Query:
    """One that was sent: it looks at the table at some moment, and is answered at a later one."""

    key: str
    callbacks: list[Callable[[Any], None]] = field(default_factory=list)
    seen: int | None = None

    def add_callbacks(
        self, callback: Callable[[Any], None], errback: Callable[[BaseException], None]
    ) -> None:
        del errback
        self.callbacks.append(callback)


@dataclass
class Table:
    """A table and the driver's session on it. A row is a number that only rises."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    sent: list[Query] = field(default_factory=list)

    def execute_async(self, bound: str, **_: Any) -> Query:
        self.sent.append(Query(bound))
        return self.sent[-1]

    def look(self, number: int) -> None:
        """One of the queries that have not looked yet looks."""
        waiting = [query for query in self.sent if query.seen is None]
        if waiting:
            query = waiting[number % len(waiting)]
            query.seen = self.rows[query.key]

    def answer(self, number: int) -> None:
        """One of those that have looked is answered."""
        looked = [query for query in self.sent if query.seen is not None]
        if looked:
            query = looked[number % len(looked)]
            self.sent.remove(query)
            query.callbacks[0]([(query.seen,)])


@dataclass
class Readers:
    """Everybody who reads, and what was acknowledged when they began."""

    table: Table
    reads: Reads
    prepared: Prepared = field(default_factory=Prepared)
    acknowledged: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    running: list[asyncio.Future[Any]] = field(default_factory=list)
    outcomes: Outcomes = field(default_factory=Outcomes)
    answered: int = 0

    def write(self, key: str) -> None:
        """A write that is acknowledged."""
        self.table.rows[key] += 1
        self._acknowledge(key, self.table.rows[key])

    def read(self, key: str) -> None:
        """Somebody begins to read; what they see is acknowledged from then on."""
        least = self.acknowledged[key]
        answer = self.reads.read(self.prepared, (key,), 60.0, as_it_is, as_it_is, self.outcomes)

        def see(done: asyncio.Future[Any]) -> None:
            if not done.cancelled():
                ((seen,),) = done.result()
                assert seen >= least, f"{key} was {least} before the read began, it saw {seen}"
                self.answered += 1
                self._acknowledge(key, seen)

        answer.add_done_callback(see)
        self.running.append(answer)

    def leave(self, number: int) -> None:
        """Somebody gives up."""
        if self.running:
            self.running.pop(number % len(self.running)).cancel()

    def _acknowledge(self, key: str, seen: int) -> None:
        self.acknowledged[key] = max(self.acknowledged[key], seen)


async def play(steps: list[tuple[str, Any]], most_in_flight: int) -> int:
    """Take the steps, then answer what is left; how many were answered."""
    failures: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    table = Table()
    reads = Reads(table, Bridge(loop), "plain", most_in_flight, joins_pushes=False)
    readers = Readers(table, reads)
    for name, argument in steps:
        if name == "turn":
            for _ in range(argument):
                await asyncio.sleep(0)
        else:
            getattr(table if name in ("look", "answer") else readers, name)(argument)
    for _ in range(2 * len(steps) + 5):
        table.look(0)
        table.answer(0)
        await asyncio.sleep(0)
    assert all(answer.done() for answer in readers.running)
    if failures:
        raise failures[0]["exception"]
    return readers.answered


KEY = st.sampled_from(["a", "a", "a", "b"])
STEP = st.one_of(
    st.tuples(st.just("write"), KEY),
    st.tuples(st.just("read"), KEY),
    st.tuples(st.just("read"), KEY),
    st.tuples(st.just("turn"), st.integers(1, 3)),
    st.tuples(st.just("turn"), st.integers(1, 3)),
    st.tuples(st.just("look"), st.integers(0, 7)),
    st.tuples(st.just("answer"), st.integers(0, 7)),
    st.tuples(st.just("leave"), st.integers(0, 7)),
)
STEPS = st.lists(STEP, min_size=5, max_size=40)


@settings(max_examples=600)
@given(STEPS, st.sampled_from([1, 2, 1000]))
def test_no_reader_sees_an_older_state_than_was_acknowledged_before(
    steps: list[tuple[str, Any]], most_in_flight: int
) -> None:
    answered = asyncio.run(play(steps, most_in_flight))
    began = sum(name == "read" for name, _ in steps)
    gave_up = sum(name == "leave" for name, _ in steps)
    assert began - gave_up <= answered <= began


async def test_so_it_is_on_a_real_table(parts: Parts) -> None:
    head = await post(parts)
    acknowledged, checked = head.revision, 0

    async def join() -> None:
        nonlocal acknowledged
        for _ in range(15):
            key = take_key("", None, Limits())
            outcome = await parts.committer.commit(Attend(head.party_id, key, 1))
            assert isinstance(outcome, Applied)
            acknowledged = max(acknowledged, outcome.party.revision)

    async def read() -> None:
        nonlocal acknowledged, checked
        while not all(joiner.done() for joiner in joining):
            least = acknowledged
            seen = await parts.store.read_head(head.party_id)
            assert seen is not None
            assert seen.revision >= least
            acknowledged = max(acknowledged, seen.revision)
            checked += 1

    joining = [asyncio.create_task(join()) for _ in range(4)]
    await asyncio.gather(*joining, *(read() for _ in range(8)))
    assert checked > 60
    assert acknowledged == head.revision + 60
