"""`partyfinder cassandra`: a Cassandra in the background, for development."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.embedded import (
    CASSANDRA_VERSION,
    EmbeddedCassandraError,
    NodeSettings,
    background,
    default_directory,
)

NOT_RUNNING = 3  # what service managers answer to "status" then

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Run a real Cassandra in the background, for development and tests. It needs no "
        "installation: the first start downloads it (about 70 MB), its data stays between starts."
    ),
)

Directory = Annotated[
    Path,
    typer.Option(
        "--directory",
        default_factory=default_directory,
        show_default=".partyfinder/cassandra",
        file_okay=False,
        help="Where its data and logs are. Each directory is a Cassandra of its own.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=65535,
        show_default="9042, or a free one",
        help="The port for clients.",
    ),
]


@app.command()
def start(directory: Directory, port: Port = None) -> None:
    """Start Cassandra and leave it running in the background.

    `partyfinder serve` uses it from then on, so that restarting the server takes no time.
    The start is quick once everything was downloaded. Starting it twice does no harm.
    """
    with plain_errors():
        node = background.running(directory)
        if node:
            _refuse_other_port(node, port)
            typer.echo(f"Cassandra runs already: {_place(node)}.")
        else:
            with showing_progress() as report:
                settings = NodeSettings(directory=directory, cql_port=port)
                node = background.start(settings, report)
            typer.echo(f"Cassandra {CASSANDRA_VERSION} runs: {_place(node)}.")
        _say_what_next(node)


@app.command()
def stop(directory: Directory) -> None:
    """Stop the Cassandra that `start` left running. Its data stays.

    Where none runs there is nothing to do, which is no error.
    """
    with plain_errors():
        node = background.stop(directory)
    if node:
        typer.echo(f"Cassandra has stopped. Its data stays in {node.directory}.")
    else:
        typer.echo(f"No Cassandra runs in {directory.absolute()}: nothing to stop.")


@app.command()
def status(directory: Directory) -> None:
    """Say whether a Cassandra runs, and where it answers.

    The exit code is 0 when it answers, 1 when it runs but does not answer, 3 when none runs.
    """
    node = background.find(directory)
    if node is None:
        typer.echo(f"No Cassandra runs in {directory.absolute()}.")
        raise typer.Exit(NOT_RUNNING)
    if not node.answers():
        typer.echo(f"Cassandra runs but does not answer: {_place(node)}.")
        raise typer.Exit(1)
    typer.echo(f"Cassandra {CASSANDRA_VERSION} runs: {_place(node)}.")
    if not node.background:
        typer.echo(f"It belongs to process {node.owner_pid} and ends with it.")


def _place(node: background.RunningNode) -> str:
    return f"{node.address}:{node.cql_port}, process {node.pid}, data in {node.directory}"


def _say_what_next(node: background.RunningNode) -> None:
    typer.echo(
        "`partyfinder serve` finds it by itself when it is in the default directory. "
        "To name it, here or to other programs:\n"
        f"  export CASSANDRA_CONTACT_POINTS={node.address}\n"
        f"  export CASSANDRA_PORT={node.cql_port}\n"
        f"  export CASSANDRA_LOCAL_DATACENTER={NodeSettings.datacenter}\n"
        f"Stop it with: {_stop_command(node)}"
    )


def _stop_command(node: background.RunningNode) -> str:
    command = "partyfinder cassandra stop"
    if node.directory == default_directory():
        return command
    return f"{command} --directory {shlex.quote(str(node.directory))}"


def _refuse_other_port(node: background.RunningNode, port: int | None) -> None:
    if port not in (None, node.cql_port):
        raise EmbeddedCassandraError(
            f"Cassandra runs already, on port {node.cql_port}, not {port}. "
            f"Stop it first with: {_stop_command(node)}"
        )
