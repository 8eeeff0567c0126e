"""The commands as processes: exit codes, what they print, and one line where something is wrong."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from typer.testing import CliRunner

from graphql_api.__main__ import app
from graphql_api.http.server import AddressUnusableError, bind
from graphql_api.schema.build import export_schema
from graphql_api.settings import Settings
from tests.support.api import Api
from tests.support.servers import environment, run, serving

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "AstraCS:do-not-tell"
ASTRA = {
    "ASTRA_DB_APPLICATION_TOKEN": SECRET,
    "ASTRA_DB_SECURE_BUNDLE_PATH": "x.zip",
    "ASTRA_DB_KEYSPACE": "x",
}


@pytest.fixture(scope="module")
def new_database(settings: Settings) -> dict[str, str]:
    """The environment of a database without our keyspace."""
    name = f"{settings.cassandra_keyspace[:44]}_new"
    return environment(settings, CASSANDRA_KEYSPACE=name)


def one_line(errors: str) -> str:
    """The error that a command ends with: one line, no traceback."""
    assert "Traceback" not in errors
    assert SECRET not in errors
    lines = [line for line in errors.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, errors
    assert errors.splitlines()[-1] == lines[0]
    return lines[0]


async def test_serving_before_the_tables_are_there_says_what_to_run(
    tmp_path: Path, new_database: dict[str, str]
) -> None:
    by_hand = new_database | {"SYNC_SCHEMA": "false"}
    code, output, errors = await run(tmp_path, by_hand, "serve", "--port", "0")
    assert (code, output) == (1, "")
    name = new_database["CASSANDRA_KEYSPACE"]
    assert one_line(errors) == (
        f"Error: the keyspace {name} lacks tables of this program: run `partyfinder sync-schema` "
        "once."
    )


async def test_tables_are_made_once_and_demo_parties_posted(
    tmp_path: Path, new_database: dict[str, str]
) -> None:
    name = new_database["CASSANDRA_KEYSPACE"]
    code, output, errors = await run(tmp_path, new_database, "sync-schema")
    assert code == 0, errors
    assert output.startswith(f"The keyspace {name} is up to date: ")
    assert output.rstrip().endswith("migrations applied.")
    assert "Applying 0001" in errors
    code, output, errors = await run(tmp_path, new_database, "sync-schema")
    assert (code, output) == (0, f"The keyspace {name} is up to date: nothing to do.\n")
    assert "Applying" not in errors
    code, output, errors = await run(
        tmp_path, new_database, "demo", "--cities", "2", "--parties", "9"
    )
    assert (code, output) == (0, "Posted 18 parties: 9 in each of Lisbon, Montréal.\n")
    async with aiohttp.ClientSession() as session, serving(tmp_path, new_database) as url:
        api = Api(url, session)
        data = await api.run(
            """{ cities(names: ["lisbon", "MONTRE\u0301AL", "Nairobi"]) {
                  name parties(first: 100) { nodes { city people capacity } }
                } }"""
        )
    assert [(city["name"], len(city["parties"]["nodes"])) for city in data["cities"]] == [
        ("Lisbon", 9),
        ("Montréal", 9),
        ("Nairobi", 0),
    ]


async def test_a_port_in_use_is_told_with_another_one_to_take(
    tmp_path: Path, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output, errors = await run(
            tmp_path, environment(settings), "serve", "--port", str(port)
        )
    assert (code, output) == (1, "")
    assert one_line(errors) == (
        f"Error: port {port} of 127.0.0.1 is in use, perhaps by another Partyfinder: stop that, or "
        f"choose another port (PORT={port + 1} or --port {port + 1})."
    )


async def test_a_database_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    nowhere = environment(CASSANDRA_CONTACT_POINTS="127.0.0.1", CASSANDRA_PORT="1")
    cases = [
        (environment() | ASTRA, "there is no file x.zip: check ASTRA_DB_SECURE_BUNDLE_PATH."),
        (nowhere, "no Cassandra answers at 127.0.0.1 port 1: check CASSANDRA_CONTACT_POINTS"),
    ]
    for variables, message in cases:
        code, output, errors = await run(tmp_path, variables, "serve", "--port", "0")
        assert (code, output) == (1, "")
        assert one_line(errors).startswith(f"Error: {message}")


@pytest.mark.parametrize("command", ["serve", "sync-schema", "demo"])
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"ASTRA_DB_APPLICATION_TOKEN": SECRET},
            "ASTRA_DB_APPLICATION_TOKEN is set, but ASTRA_DB_SECURE_BUNDLE_PATH and ",
        ),
        (
            {**ASTRA, "CASSANDRA_CONTACT_POINTS": "127.0.0.1"},
            "two databases are configured, by ASTRA_DB_SECURE_BUNDLE_PATH and by CASSANDRA_",
        ),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL: input should be "),
    ],
)
def test_configuration_that_cannot_be_used_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    variables: dict[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    # In this process, so what is not in the environment has to be said to be absent.
    absent = dict.fromkeys(name.upper() for name in Settings.model_fields)
    result = CliRunner(env=absent | variables).invoke(app, [command])
    assert (result.exit_code, result.stdout) == (1, "")
    assert one_line(result.stderr).startswith(f"Error: {message}")


def test_an_address_that_cannot_be_listened_on_is_told() -> None:
    with pytest.raises(AddressUnusableError) as refused:
        bind("192.0.2.1", 0)
    assert str(refused.value) == "192.0.2.1 is not an address of this machine: check HOST."


async def test_the_schema_is_exported_without_a_database(tmp_path: Path) -> None:
    broken = environment(ASTRA_DB_APPLICATION_TOKEN=SECRET)
    code, output, errors = await run(tmp_path, broken, "export-schema")
    assert (code, output, errors) == (0, export_schema(), "")
    path = tmp_path / "made.graphql"
    code, output, errors = await run(tmp_path, broken, "export-schema", "-o", str(path))
    assert (code, output, errors) == (0, f"Wrote {path}.\n", "")
    assert path.read_text(encoding="utf-8") == export_schema()


async def test_where_no_cassandra_runs_there_is_none_to_stop(tmp_path: Path) -> None:
    where = ["--directory", str(tmp_path / "none")]
    code, output, _ = await run(tmp_path, environment(), "cassandra", "status", *where)
    assert (code, output) == (3, f"No Cassandra runs in {tmp_path / 'none'}.\n")
    code, output, _ = await run(tmp_path, environment(), "cassandra", "stop", *where)
    assert (code, output) == (0, f"No Cassandra runs in {tmp_path / 'none'}: nothing to stop.\n")
