"""What a connected database is like, checked against what Partyfinder needs of it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.metadata import NetworkTopologyStrategy, SimpleStrategy

from graphql_api.settings import Database
from graphql_api.store.migrate import MigrationError, pending_migrations
from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from graphql_api.settings import Settings
    from graphql_api.store.connection import Connection

TIMEOUT = 5.0
CLOCK_WARNING, CLOCK_FAILURE = 1.0, 30.0  # seconds apart
WRITE_TIMEOUT_MOST = 4.0  # seconds: a proposal waits no longer for its answer
SAFE_REPLICAS = 3
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_FAILURES = (NoHostAvailable, cassandra.DriverException, cassandra.RequestExecutionException)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "OK"
    WARNING = "WARNING"
    FAILED = "FAILED"


class Finding(NamedTuple):
    """What a check found, with the remedy unless all is well."""

    verdict: Verdict
    subject: str
    text: str


async def examine(connection: Connection, settings: Settings) -> list[Finding]:
    """Check a database; a check that cannot be made says so and does not end the others."""
    found = [_nodes(connection, settings), _datacenter(connection, settings)]
    found += await asyncio.to_thread(_clocks, connection)
    found.append(await _tables(connection, settings))
    found.append(_replication(connection, settings))
    found += await asyncio.to_thread(_paxos, connection, settings)
    return found


def _nodes(connection: Connection, settings: Settings) -> Finding:
    hosts = connection.cluster.metadata.all_hosts()
    down = sorted(str(host.address) for host in hosts if host.is_up is False)
    versions = ", ".join(sorted({str(host.release_version) for host in hosts}))
    encrypted = settings.database is Database.ASTRA or settings.cassandra_tls
    text = f"Cassandra {versions} on {len(hosts)} nodes, {'with' if encrypted else 'without'} TLS"
    if down:
        return Finding(
            Verdict.WARNING, "nodes", f"{text}; down: {', '.join(down)}. Start them again."
        )
    return Finding(Verdict.OK, "nodes", text)


def _datacenter(connection: Connection, settings: Settings) -> Finding:
    names = sorted({str(host.datacenter) for host in connection.cluster.metadata.all_hosts()})
    local = settings.cassandra_local_datacenter
    if len(names) > 1 and local is None and settings.database is not Database.ASTRA:
        return Finding(
            Verdict.WARNING,
            "data centre",
            f"there are {', '.join(names)}, and which one is near is left to chance: set "
            "CASSANDRA_LOCAL_DATACENTER.",
        )
    if settings.cassandra_serial_consistency == "LOCAL_SERIAL" and len(names) > 1:
        return Finding(
            Verdict.WARNING,
            "data centre",
            f"transactions are decided within {local} alone (LOCAL_SERIAL): right only where no "
            "server writes in another; else set CASSANDRA_SERIAL_CONSISTENCY=SERIAL everywhere.",
        )
    return Finding(Verdict.OK, "data centre", f"{local or names[0]}, of {', '.join(names)}")


def _clocks(connection: Connection) -> list[Finding]:
    return [_clock(connection, host) for host in connection.session.hosts if host.is_up]


def _clock(connection: Connection, host: Any) -> Finding:
    began = time.monotonic()
    try:
        rows = _ask(connection, "SELECT toTimestamp(now()) FROM system.local", host)
    except _FAILURES:
        return Finding(
            Verdict.WARNING, "clock", f"{host.address} does not tell its time: look at its log."
        )
    trip = time.monotonic() - began
    here = datetime.now(UTC).replace(tzinfo=None)
    apart = abs((here - rows[0][0]).total_seconds() - trip / 2)
    return judge_clock(str(host.address), apart, trip)


def judge_clock(address: str, apart: float, trip: float) -> Finding:
    """What a node's clock is like that is so many seconds apart, asked in a trip of so many."""
    text = f"{address} is {apart:.3f} s apart from this machine"
    if apart - trip / 2 <= CLOCK_WARNING:
        return Finding(Verdict.OK, "clock", text)
    verdict = Verdict.FAILED if apart > CLOCK_FAILURE else Verdict.WARNING
    return Finding(verdict, "clock", f"{text}: have both keep time by NTP.")


async def _tables(connection: Connection, settings: Settings) -> Finding:
    try:
        pending = await pending_migrations(connection.session, settings)
    except MigrationError as error:
        return Finding(Verdict.FAILED, "tables", str(error))
    except _FAILURES:
        return Finding(
            Verdict.FAILED, "tables", "they cannot be read: see that a quorum of nodes is up."
        )
    if not pending:
        return Finding(
            Verdict.OK, "tables", f"the keyspace {settings.keyspace} is this program's version"
        )
    if settings.keyspace not in connection.cluster.metadata.keyspaces:
        what = f"there is no keyspace {settings.keyspace}"
    else:
        numbers = ", ".join(f"{each.version:04d}" for each in pending)
        what = f"the keyspace {settings.keyspace} lacks migrations {numbers}"
    if settings.database is Database.ASTRA and what.startswith("there is no"):
        remedy = "create it in the Astra console, then run `partyfinder sync-schema`."
    else:
        remedy = "run `partyfinder sync-schema`."
    return Finding(Verdict.FAILED, "tables", f"{what}: {remedy}")


def _replication(connection: Connection, settings: Settings) -> Finding:
    keyspace = connection.cluster.metadata.keyspaces.get(settings.keyspace)
    if keyspace is None:
        return Finding(
            Verdict.WARNING, "replication", "not known: there is no keyspace yet, see above."
        )
    nodes: dict[str, int] = {}
    for host in connection.cluster.metadata.all_hosts():
        nodes[str(host.datacenter)] = nodes.get(str(host.datacenter), 0) + 1
    strategy = keyspace.replication_strategy
    if isinstance(strategy, NetworkTopologyStrategy):
        factors = {name: int(factor) for name, factor in strategy.dc_replication_factors.items()}
    elif isinstance(strategy, SimpleStrategy) and len(nodes) == 1:
        factors = dict.fromkeys(nodes, int(strategy.replication_factor))
    else:
        return Finding(
            Verdict.WARNING,
            "replication",
            f"the keyspace has {type(strategy).__name__}, which does not know data centres: give "
            "it NetworkTopologyStrategy with ALTER KEYSPACE, then run `nodetool repair`.",
        )
    local = settings.cassandra_local_datacenter
    if local is None and len(nodes) == 1:
        local = next(iter(nodes))
    return judge_replication(factors, nodes, local)


def judge_replication(factors: dict[str, int], nodes: dict[str, int], local: str | None) -> Finding:
    """Whether copies in each data centre serve LOCAL_QUORUM with a node away.

    Args:
        factors: replicas by data centre.
        nodes: nodes by data centre.
        local: the data centre that is asked first; None where that is not settled.
    """

    def finding(verdict: Verdict, text: str) -> Finding:
        return Finding(verdict, "replication", text)

    told = ", ".join(f"{name}: {factor}" for name, factor in sorted(factors.items()))
    alter = "ALTER KEYSPACE, then run `nodetool repair --full`"
    for name in [local] if local is not None else sorted(nodes):
        factor, there = factors.get(name, 0), nodes.get(name, 0)
        if not factor:
            return finding(
                Verdict.FAILED, f"{told}; the data centre {name} has none: add it with {alter}."
            )
        quorum = factor // 2 + 1
        if there < quorum:
            return finding(
                Verdict.FAILED,
                f"{told}; LOCAL_QUORUM needs {quorum} nodes in {name}, which has {there}: add "
                f"nodes, or lower it with {alter}.",
            )
        if factor < SAFE_REPLICAS:
            return finding(
                Verdict.WARNING,
                f"{told}; with fewer than {SAFE_REPLICAS} in {name} no node may be away: where "
                f"that matters, have {SAFE_REPLICAS} nodes and raise it with {alter}.",
            )
    return finding(Verdict.OK, f"{told}; LOCAL_QUORUM is reached with a node away")


def _paxos(connection: Connection, settings: Settings) -> list[Finding]:
    query = "SELECT name, value FROM system_views.settings"
    try:
        known: dict[str, str] = dict(_ask(connection, query, None))
    except (cassandra.InvalidRequest, cassandra.Unauthorized, *_FAILURES):
        if settings.database is Database.ASTRA:
            return [
                Finding(Verdict.OK, "Paxos", "Astra sees to it, and does not tell its settings")
            ]
        return [
            Finding(
                Verdict.WARNING,
                "Paxos",
                "its settings cannot be read: grant SELECT on system_views.settings, or compare "
                "cassandra.yaml with docs/operations.md.",
            )
        ]
    return judge_paxos(known)


def judge_paxos(known: dict[str, str]) -> list[Finding]:
    """What a node's settings, by name, mean for lightweight transactions."""
    variant = known.get("paxos_variant", "unknown")
    if variant == "v2":
        found = [Finding(Verdict.OK, "Paxos", "variant v2")]
    else:
        text = f"variant {variant}: with `paxos_variant: v2` on all nodes joins take fewer trips."
        found = [Finding(Verdict.WARNING, "Paxos", text)]
    for name in ("write_request_timeout", "cas_contention_timeout"):
        told = known.get(name)
        seconds = _seconds(told)
        if seconds is None:
            text = f"{name} is not told: compare cassandra.yaml with docs/operations.md."
            found.append(Finding(Verdict.WARNING, "time-outs", text))
        elif seconds > WRITE_TIMEOUT_MOST:
            text = f"{name} is {told}, longer than a proposal waits: set it back to its default."
            found.append(Finding(Verdict.WARNING, "time-outs", text))
        else:
            found.append(Finding(Verdict.OK, "time-outs", f"{name} is {told}"))
    return found


def _seconds(text: str | None) -> float | None:
    text = text or ""
    number = text.rstrip("ms")
    unit = _UNITS.get(text.removeprefix(number))
    return float(number) * unit if number.isdecimal() and unit is not None else None


def _ask(connection: Connection, query: str, host: Any) -> list[Any]:
    result = connection.session.execute(
        query, timeout=TIMEOUT, host=host, execution_profile=Profile.PLAIN.value
    )
    return list(result)
