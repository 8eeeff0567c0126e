"""Traces over OTLP. Nothing is imported from here but where `tracing.py` finds them configured.

An operation's span stands in the trace that its request names (W3C Trace Context). What was done
for it is in its journal, and becomes spans when it is answered: a child per statement that it
waited for, an event per proposal that carried its change.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from graphql_api.journal import ANSWERED
from graphql_api.telemetry.operation_times import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from opentelemetry.trace import Span

    from graphql_api.journal import Entry, Journal

SERVICE = "partyfinder"


class Traces:
    """Traces operations, to the collector that the environment names."""

    def __init__(self) -> None:
        is_named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        resource = Resource.create({} if is_named else {"service.name": SERVICE})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def operation(
        self, journal: Journal, meant: tuple[str, str | None] | None
    ) -> Iterator[Operation]:
        """Trace what is done within.

        Args:
            meant: the operation's type and name; None for one that is refused.
        """
        kind, name = meant or ("invalid", None)
        attributes = {"graphql.operation.type": kind, "request.id": journal.request_id}
        if name is not None:
            name = attributes["graphql.operation.name"] = name[:LONGEST_NAME]
        span = self._tracer.start_span(
            f"{kind} {name}" if name else kind,
            self._propagator.extract(journal.trace_context or {}),
            kind=SpanKind.SERVER,
            attributes=attributes,
        )
        journal.trace_id = f"{span.get_span_context().trace_id:032x}"
        journal.entries = [] if span.is_recording() else None
        operation = Operation(span)
        try:
            yield operation
        except BaseException:
            operation.fail()
            raise
        finally:
            for entry in journal.entries or ():
                self._add(span, entry)
            journal.entries = None
            span.end()

    def _add(self, span: Span, entry: Entry) -> None:
        if entry.changes:
            told: dict[str, str | int] = {"outcome": entry.outcome, "changes": entry.changes}
            span.add_event(entry.name, told, entry.ended)
            return
        child = self._tracer.start_span(
            entry.name,
            set_span_in_context(span),
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "cassandra", "outcome": entry.outcome},
            start_time=entry.began,
        )
        if entry.outcome != ANSWERED:
            child.set_status(Status(StatusCode.ERROR))
        child.end(entry.ended)

    async def kept(self, _application: Any) -> AsyncIterator[None]:
        """Send what is left when an application ends; a context of its own."""
        yield
        await asyncio.to_thread(self._provider.shutdown)


class Operation:
    """One that is being traced."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def fail(self) -> None:
        """Mark it as one that had errors."""
        self._span.set_status(Status(StatusCode.ERROR))
