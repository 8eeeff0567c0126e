"""The doctor finds what is wrong, says what to do, and ends with 1 where it must be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graphql_api.store.examination import judge_clock, judge_paxos, judge_replication
from tests.support.servers import environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.settings import Settings


async def test_a_database_that_serves_is_well(tmp_path: Path, settings: Settings) -> None:
    code, output, errors = await run(tmp_path, environment(settings), "doctor")
    assert code == 0, output + errors
    lines = output.splitlines()
    assert lines[0].startswith("Looking at Cassandra at 127.")
    assert {line.split()[0] for line in lines[1:]} == {"OK", "WARNING"}
    assert "OK       connection: the database answers" in lines
    name = settings.cassandra_keyspace
    assert f"OK       tables: the keyspace {name} is this program's version" in lines
    assert any(line.startswith("OK       clock: 127.") for line in lines)
    assert any(line.startswith("WARNING  replication: datacenter1: 1; with") for line in lines)
    assert any(" Paxos: variant " in line for line in lines)
    assert "OK       time-outs: cas_contention_timeout is 1800ms" in lines


async def test_missing_tables_fail_with_the_command_to_run(
    tmp_path: Path, settings: Settings
) -> None:
    none = environment(settings, CASSANDRA_KEYSPACE="nowhere")
    code, output, _ = await run(tmp_path, none, "doctor")
    assert code == 1
    expected = "FAILED   tables: there is no keyspace nowhere: run `partyfinder sync-schema`."
    assert expected in output.splitlines()


async def test_no_database_is_one_failed_line(tmp_path: Path) -> None:
    nowhere = environment(CASSANDRA_CONTACT_POINTS="127.0.0.1", CASSANDRA_PORT="1")
    code, output, errors = await run(tmp_path, nowhere, "doctor")
    assert code == 1
    assert "Traceback" not in errors
    (line,) = output.splitlines()[1:]
    assert line == (
        "FAILED   connection: no Cassandra answers at 127.0.0.1 port 1: check "
        "CASSANDRA_CONTACT_POINTS and CASSANDRA_PORT, and that the database is up."
    )


@pytest.mark.parametrize(
    ("apart", "trip", "verdict"),
    [(0.2, 0.01, "OK"), (1.2, 1.0, "OK"), (1.2, 0.01, "WARNING"), (31, 0.01, "FAILED")],
)
def test_clocks(apart: float, trip: float, verdict: str) -> None:
    assert judge_clock("a", apart, trip).verdict == verdict


@pytest.mark.parametrize(
    ("factors", "nodes", "local", "verdict"),
    [
        ({"a": 3}, {"a": 3}, "a", "OK"),
        ({"a": 3}, {"a": 2}, "a", "OK"),
        ({"a": 3}, {"a": 1}, "a", "FAILED"),
        ({"a": 2}, {"a": 3}, "a", "WARNING"),
        ({"a": 3}, {"a": 3, "b": 3}, "b", "FAILED"),
        ({"a": 3}, {"a": 3, "b": 3}, None, "FAILED"),
        ({"a": 3, "b": 3}, {"a": 3, "b": 3}, None, "OK"),
    ],
)
def test_replication(
    factors: dict[str, int], nodes: dict[str, int], local: str | None, verdict: str
) -> None:
    assert judge_replication(factors, nodes, local).verdict == verdict


def test_paxos() -> None:
    good = {
        "paxos_variant": "v2",
        "write_request_timeout": "2000ms",
        "cas_contention_timeout": "1800ms",
    }
    assert [finding.verdict for finding in judge_paxos(good)] == ["OK", "OK", "OK"]
    bad = good | {"paxos_variant": "v1", "write_request_timeout": "5s"}
    assert [finding.verdict for finding in judge_paxos(bad)] == ["WARNING", "WARNING", "OK"]
    assert "is not told" in judge_paxos({"paxos_variant": "v2"})[1].text
