"""Conditional batches, each sent once: the proposals of one loop turn leave in one piece.

Unlike a read, a proposal is never sent again here, whatever comes back: what went wrong after it
was sent is told as it is, and says nothing of its outcome. The driver's ordinary path is taken
where nothing was sent, or where Cassandra did not know the statements, which it finds out before it
begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cassandra.connection import ConnectionShutdown
from cassandra.protocol import PreparedQueryNotFound, ResultMessage
from cassandra.query import BatchStatement, BatchType

from graphql_api.store import wire
from graphql_api.store.bridge import settle
from graphql_api.store.joint_push import JointPush, Request, supports
from graphql_api.store.wire import BATCH, UnusualError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from cassandra.cluster import Session as DriverSession
    from cassandra.query import PreparedStatement

    from graphql_api.store.bridge import Bridge

    Part = tuple[PreparedStatement, tuple[Any, ...]]


class Proposals:
    """Sends the conditional batches of one session.

    Args:
        profile: the name of an execution profile that never sends twice and whose rows are dicts.
        joins_pushes: whether a turn's batches are sent in one piece, where the driver is built for
            that.
    """

    def __init__(
        self, session: DriverSession, bridge: Bridge, profile: str, *, joins_pushes: bool = True
    ) -> None:
        self._session = session
        self._bridge = bridge
        self._profile = profile
        self.joint = JointPush(session, profile) if joins_pushes and supports(session) else None
        self._this_turn: list[_Proposal] = []

    def send(self, parts: Sequence[Part]) -> asyncio.Future[list[dict[str, Any]]]:
        """The rows that answer a batch of these, which leaves when this turn ends.

        The future's exception is what the driver raises, or told; cancelled, the batch may still
        be applied.
        """
        proposal = _Proposal(self, parts, self._bridge)
        if self.joint is None:
            self.send_ordinarily(proposal)
        else:
            if not self._this_turn:
                self._bridge.loop.call_soon(self._end_turn, self.joint)
            self._this_turn.append(proposal)
        return proposal.answered

    def _end_turn(self, joint: JointPush) -> None:
        turn, self._this_turn = self._this_turn, []
        # Whoever has given up before anything was sent is in no doubt.
        waiting = [proposal for proposal in turn if not proposal.answered.done()]
        for proposal in joint.send(waiting):
            self.send_ordinarily(proposal)

    def send_ordinarily(self, proposal: _Proposal) -> None:
        """Send a batch that was not sent, through the driver."""
        batch = BatchStatement(BatchType.LOGGED)
        try:
            for prepared, parameters in proposal.parts:
                batch.add(prepared.bind(parameters))
            sent = self._session.execute_async(batch, timeout=None, execution_profile=self._profile)
        except Exception as error:  # noqa: BLE001  # told to whoever proposes
            proposal.receive(None, error)
        else:
            self._bridge.connect(sent, proposal.receive)


class _Proposal(Request):
    """One batch."""

    __slots__ = ("_proposals", "answered", "parts")
    opcode = BATCH

    def __init__(self, proposals: Proposals, parts: Sequence[Part], bridge: Bridge) -> None:
        prepared, parameters = parts[0]
        joint = proposals.joint
        if joint is None:
            super().__init__(None, parameters, b"", bridge)
        else:
            super().__init__(joint.form(prepared), parameters, joint.batch(parts), bridge)
        self._proposals = proposals
        self.parts = parts
        self.answered: asyncio.Future[Any] = bridge.loop.create_future()

    def rows_of(self, opcode: int, flags: int, body: bytes) -> list[dict[str, Any]]:
        """The rows of an answer, by their columns' names."""
        answer = wire.decode(opcode, flags, body)
        if isinstance(answer, PreparedQueryNotFound):
            raise UnusualError
        if isinstance(answer, ResultMessage) and answer.column_names is not None:
            return [dict(zip(answer.column_names, row, strict=True)) for row in answer.parsed_rows]
        translate = getattr(answer, "to_exception", None)
        raise answer if translate is None else translate()

    def receive(self, rows: Any, error: BaseException | None) -> None:
        """Take the answer."""
        if isinstance(error, UnusualError):
            self._proposals.send_ordinarily(self)
        else:
            settle(self.answered, rows, error)

    def loss(self) -> BaseException:
        """The connection is gone, and with it the answer."""
        lost: BaseException = ConnectionShutdown("the connection was lost before the answer came")
        return lost
