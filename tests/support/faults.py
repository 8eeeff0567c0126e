"""A session that loses, delays or doubts conditional statements as a network would."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql_api.parties.commit import CommitLimits, Committer
from graphql_api.parties.copies import Copies
from graphql_api.store.failures import AmbiguousError
from graphql_api.store.party_store import PartyStore
from graphql_api.store.reads import as_it_is

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from graphql_api.app import Parts
    from graphql_api.store.session import Session

    Send = Callable[[], Awaitable[Any]]
    Fault = Callable[[Send], Awaitable[Any]]


class FaultySession:
    """Stands between a store and its session.

    Args:
        apply_faults: what happens to the first conditional statements.
        then: what happens to those after them.
        read_faults: what happens to plain statements, by their names.
    """

    def __init__(
        self,
        session: Session,
        apply_faults: tuple[Fault, ...],
        then: Fault,
        read_faults: Mapping[str, Fault] | None,
    ) -> None:
        self._session = session
        self._apply_faults = deque(apply_faults)
        self._then = then
        self._read_faults = read_faults or {}
        self.steps: list[str] = []

    async def execute(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        """Send a plain statement."""
        return await self._send(
            statement.name, lambda: self._session.execute(statement, *arguments, **options)
        )

    def read(
        self, statement: Any, decode: Any, *arguments: Any, **options: Any
    ) -> asyncio.Future[Any]:
        """Send a shared read."""

        async def rows() -> Any:
            return await self._session.read(statement, as_it_is, *arguments, **options)

        async def decoded() -> Any:
            return decode(await self._send(statement.name, rows))

        return asyncio.ensure_future(decoded())

    async def _send(self, name: str, send: Send) -> Any:
        if name in ("read_head", "confirm_standing"):
            self.steps.append(name)
        fault = self._read_faults.get(name)
        return await (send() if fault is None else fault(send))

    async def apply(self, parts: Any, *arguments: Any, **options: Any) -> Any:
        """Send a conditional statement, or what a fault makes of that."""
        self.steps.append("+".join(statement.name for statement, _ in parts))

        def send() -> Awaitable[Any]:
            return self._session.apply(parts, *arguments, **options)

        fault = self._apply_faults.popleft() if self._apply_faults else self._then
        return await fault(send)


async def passes(send: Send) -> Any:
    """Nothing goes wrong."""
    return await send()


async def applies_unheard(send: Send) -> Any:
    """It applies, and the answer is lost."""
    await send()
    raise AmbiguousError


async def lost(_send: Send) -> Any:
    """It never arrives."""
    raise AmbiguousError


@dataclass
class Held:
    """It waits on its way until it is let go; its caller may be told earlier that it timed out."""

    is_given_up: bool = False
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    _send: Send | None = None

    async def __call__(self, send: Send) -> Any:
        self._send = send
        self.has_begun.set()
        if self.is_given_up:
            raise AmbiguousError
        await self.may_go.wait()
        return await send()

    async def arrive(self) -> Any:
        """Have it arrive after its caller was told otherwise; what Cassandra answers."""
        assert self._send is not None
        return await self._send()


def a_committer(
    parts: Parts,
    *apply_faults: Fault,
    then: Fault = passes,
    read_faults: Mapping[str, Fault] | None = None,
    timeout: float = 30,
) -> tuple[Committer, FaultySession]:
    """A committer of its own, as another server process would have one."""
    session = FaultySession(parts.store._session, apply_faults, then, read_faults)
    store = PartyStore(session)  # type: ignore[arg-type]  # it quacks like one
    committer = Committer(store, Copies(store), CommitLimits(timeout))
    return committer, session
