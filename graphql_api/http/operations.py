"""Runs what the transports have read, against the schema and the trusted documents."""

from __future__ import annotations

import logging
from contextlib import aclosing
from time import perf_counter
from typing import TYPE_CHECKING, Any

from strawberry.types.graphql import OperationType

from graphql_api.errors import ErrorCode
from graphql_api.http.expiry import until_expiry
from graphql_api.http.request import BadRequestError
from graphql_api.http.same_turn import SameTurn
from graphql_api.journal import of_this_request
from graphql_api.schema.faults import format_error
from graphql_api.telemetry.account import account
from graphql_api.telemetry.operation_times import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from graphql_api.caller import Caller
    from graphql_api.engine import Response
    from graphql_api.http.request import GraphQLRequest
    from graphql_api.journal import Journal
    from graphql_api.schema.build import PartySchema
    from graphql_api.schema.context import RequestContext
    from graphql_api.schema.trusted_documents import TrustedDocuments
    from graphql_api.telemetry.operation_times import OperationTimes
    from graphql_api.telemetry.traces import Traces

logger = logging.getLogger(__name__)
READING = frozenset({OperationType.QUERY})
WRITING = frozenset({OperationType.MUTATION})
READING_AND_WRITING = READING | WRITING
ANYTHING = READING_AND_WRITING | {OperationType.SUBSCRIPTION}


class Operations:
    """What the server runs.

    Args:
        new_context: makes the context of one operation of a caller.
        trusted: the only documents that are run; None for any.
        times: notes how long operations take; None where nobody asks.
        slow: seconds from which an operation is logged as slow; 0 for never.
        traces: sends traces of operations over HTTP; None for none.
        tells_traces: whether a client may ask what its operation took.
    """

    def __init__(
        self,
        schema: PartySchema,
        new_context: Callable[[Caller], RequestContext],
        trusted: TrustedDocuments | None = None,
        times: OperationTimes | None = None,
        *,
        slow: float = 0,
        tells_traces: bool = False,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self._slow = slow
        self._tells_traces = tells_traces
        self._times = times
        self._schema = schema
        self._new_context = new_context
        self._trusted = trusted
        self._same_turn: SameTurn[Response] = SameTurn()

    async def answer(
        self, caller: Caller, asked: GraphQLRequest, allowed: frozenset[OperationType]
    ) -> Response:
        """Run an operation that has one answer.

        Raises:
            BadRequestError: its document is not run here.
        """
        text = self._text(asked)
        journal = of_this_request()
        if self._traces is None or journal is None:
            return await self._answer(text, caller, asked, allowed, journal)
        meant = self._schema.meant(text, asked.operation_name)
        with self._traces.operation(journal, meant) as traced:
            response = await self._answer(text, caller, asked, allowed, journal)
            if response.has_errors:
                traced.fail()
            return response

    async def _answer(
        self,
        text: str,
        caller: Caller,
        asked: GraphQLRequest,
        allowed: frozenset[OperationType],
        journal: Journal | None,
    ) -> Response:
        report = None
        if journal is not None and self._tells_traces and _asks_for_trace(asked):
            report = account(journal)
        began = perf_counter()
        response = await self._run(text, caller, asked, allowed, report)
        self._note(text, asked, began)
        return response

    async def _run(
        self,
        text: str,
        caller: Caller,
        asked: GraphQLRequest,
        allowed: frozenset[OperationType],
        report: Callable[[], dict[str, Any]] | None,
    ) -> Response:
        def execute() -> Awaitable[Response]:
            return self._schema.execute_to_bytes(
                text,
                asked.variables,
                self._new_context(caller),
                operation_name=asked.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=asked.extensions,
                formatter=format_error,
                report=report,
            )

        is_shared = asked.body is not None and report is None
        if not is_shared or not self._schema.is_query(text, asked.operation_name):
            return await execute()
        return await self._same_turn.run((asked.body, caller), execute)

    def stream(
        self, caller: Caller, asked: GraphQLRequest, *, may_write: bool = True
    ) -> AsyncGenerator[Response, None]:
        """Run any operation; a subscription's answers come as there is news, for the asking.

        It ends when its caller's sign-in does, with an error that says so.

        Raises:
            BadRequestError: its document is not run here.
        """
        text = self._text(asked)
        answers = self._schema.stream_to_bytes(
            text,
            asked.variables,
            self._new_context(caller),
            operation_name=asked.operation_name,
            allowed_operation_types=ANYTHING if may_write else ANYTHING - WRITING,
            formatter=format_error,
        )
        if self._times is not None or self._slow:
            answers = self._timed(answers, text, asked)
        return answers if caller.expires_at is None else until_expiry(answers, caller.expires_at)

    async def _timed(
        self, answers: AsyncGenerator[Response, None], text: str, asked: GraphQLRequest
    ) -> AsyncGenerator[Response, None]:
        """The same answers; the first one's time is noted."""
        began: float | None = perf_counter()
        async with aclosing(answers):
            async for answer in answers:
                if began is not None:
                    self._note(text, asked, began)
                    began = None
                yield answer

    def _note(self, text: str, asked: GraphQLRequest, began: float) -> None:
        seconds = perf_counter() - began
        is_slow = 0 < self._slow <= seconds
        if self._times is None and not is_slow:
            return
        meant = self._schema.meant(text, asked.operation_name)
        if self._times is not None:
            self._times.observe(meant, seconds)
        if is_slow:
            _log_slow(meant, seconds)

    def cost(self, asked: GraphQLRequest) -> int | None:
        """What an operation may cost, in units; None for one that is refused for what it is.

        Raises:
            BadRequestError: its document is not run here.
        """
        cost = self._schema.cost(self._text(asked), asked.operation_name, asked.variables)
        return None if cost is None else cost.total

    def _text(self, asked: GraphQLRequest) -> str:
        if self._trusted is None:
            if asked.query is None:
                raise _not_found("This server keeps no documents: send the query itself.")
            return asked.query
        text = self._trusted.find(asked.query, asked.document_id)
        if text is None:
            raise _not_found(
                "This server runs trusted documents only, and this is none of them: send the "
                "documentId of one, or have this one added to the server's file."
            )
        return text


def _asks_for_trace(asked: GraphQLRequest) -> bool:
    return asked.extensions is not None and asked.extensions.get("trace") is True


def _log_slow(meant: tuple[str, str | None] | None, seconds: float) -> None:
    """Log a slow operation by its name, whose values nobody else needs to know."""
    kind, name = meant or ("invalid", None)
    name = (name or "without a name")[:LONGEST_NAME]
    fields = {"type": kind, "operation": name, "seconds": round(seconds, 3)}
    logger.warning("slow %s %s: %.3f s", kind, name, seconds, extra={"fields": fields})


def _not_found(message: str) -> BadRequestError:
    return BadRequestError(message, code=ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND)
