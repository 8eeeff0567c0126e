"""Which number of which layer is which metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql_api.engine import counters, misses
from graphql_api.errors import ERRORS_TOLD
from graphql_api.journal import ANSWERED

if TYPE_CHECKING:
    from graphql_api.parties.changes import Changes
    from graphql_api.parties.commit import Committer
    from graphql_api.store.session import Session
    from graphql_api.telemetry.readings import Readings


def read_layers(
    readings: Readings, session: Session, committer: Committer, changes: Changes
) -> None:
    """Have the readings read the engine and these."""
    metrics = readings.metrics
    readings.totals(metrics.errors, lambda: _by_label(ERRORS_TOLD))
    readings.total(metrics.compiled_runs, lambda: counters().compiled_runs)
    readings.totals(metrics.fallback_runs, lambda: _by_label(counters().fallback_reasons))
    readings.total(metrics.documents_parsed, lambda: misses().documents)
    readings.total(metrics.plans_compiled, lambda: misses().plans)

    readings.totals(metrics.statements, lambda: _statements(session))
    readings.total(
        metrics.statements_shared, lambda: sum(each.shared for each in session.tally.values())
    )
    readings.level(metrics.reads_in_flight, lambda: session.reads.in_flight)
    readings.level(metrics.reads_waiting, lambda: session.reads.waiting)
    readings.level(metrics.nodes_connected, lambda: session.nodes_connected)

    readings.totals(metrics.proposals, lambda: _by_label(committer.tally.proposals))
    readings.sizes(metrics.group_changes, lambda: committer.tally.group_sizes)
    readings.level(metrics.changes_waiting, lambda: committer.waiting)
    readings.level(metrics.changing_parties, lambda: committer.changing)
    readings.level(metrics.followers, lambda: changes.followers)
    readings.level(metrics.watches, lambda: changes.watched)


def _by_label(counts: dict[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): count for name, count in counts.items()}


def _statements(session: Session) -> dict[tuple[str, ...], int]:
    counts = {}
    for name, outcomes in session.tally.items():
        counts[name, ANSWERED] = outcomes.answered
        for outcome, count in outcomes.others.items():
            counts[name, outcome] = count
    return {key: count for key, count in counts.items() if count}
