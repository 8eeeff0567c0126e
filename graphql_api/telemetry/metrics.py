"""Every metric, by name. docs/observability.md says what each means; a test compares the two.

No label takes a value that a client chooses, but the names of valid operations: see
`operation_times.py` for their bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

PREFIX: Final = "partyfinder"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CHANGES: Final = (1, 2, 5, 10, 20, 50, 100, 200)


class Metrics:
    """The metrics of one server, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each other one, of use to few
        self._registry = registry
        histogram, counter, gauge = self._histogram, self._counter, self._gauge

        self.operation_seconds = histogram(
            "operation_seconds",
            "From a request to its answer; for a subscription, to its first",
            SECONDS,
            "type",
            "operation",
        )
        self.errors = counter("errors", "Errors that clients were told", "code")
        self.requests_under_way = gauge("requests_under_way", "Requests that wait for an answer")
        self.streams_open = gauge("streams_open", "Open WebSockets and event streams")
        self.followers = gauge("followers", "Subscriptions to a party or city")
        self.watches = gauge("watches", "Parties and cities that are watched for followers")
        self.event_loop_lag_seconds = histogram(
            "event_loop_lag_seconds",
            "How late the event loop comes, looked at each second",
            SECONDS,
        )

        self.compiled_runs = counter("compiled_runs", "Operations and events that ran compiled")
        self.fallback_runs = counter(
            "fallback_runs", "Operations that graphql-core ran in place of the engine", "reason"
        )
        self.documents_parsed = counter(
            "documents_parsed", "Documents that were in no cache: parsed and validated"
        )
        self.plans_compiled = counter(
            "plans_compiled", "Operations that were in no cache: compiled"
        )

        self.statements = counter(
            "statements", "Statements that were sent, by how they ended", "statement", "outcome"
        )
        self.statements_shared = counter(
            "statements_shared", "Reads that an equal one of the same moment answered as well"
        )
        self.reads_in_flight = gauge("reads_in_flight", "Reads that Cassandra has not answered")
        self.reads_waiting = gauge("reads_waiting", "Reads that wait for one of those to end")
        self.nodes_connected = gauge(
            "nodes_connected", "Cassandra nodes with an open connection, where fewest are", "min"
        )

        self.proposals = counter(
            "proposals",
            "Lightweight transactions that change a party, by how they ended",
            "outcome",
        )
        self.group_changes = histogram(
            "group_changes", "Changes that one lightweight transaction carries", CHANGES
        )
        self.changes_waiting = gauge("changes_waiting", "Changes that wait for a transaction")
        self.changing_parties = gauge("changing_parties", "Parties that changes wait for")

    def _histogram(self, name: str, says: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(
            name, says, labels, namespace=PREFIX, buckets=buckets, registry=self._registry
        )

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, namespace=PREFIX, registry=self._registry)

    def _gauge(self, name: str, says: str, of_all: Literal["sum", "min"] = "sum") -> Gauge:
        return Gauge(
            name, says, namespace=PREFIX, multiprocess_mode=of_all, registry=self._registry
        )
