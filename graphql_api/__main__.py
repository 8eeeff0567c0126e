"""The command line: one file per command in `commands/`."""

from __future__ import annotations

import sys

import typer

try:
    from graphql_api.commands import (
        cassandra,
        demo,
        doctor,
        explain,
        export_parties,
        export_schema,
        import_parties,
        remove_past,
        repair,
        serve,
        sync_schema,
    )
except ImportError as error:  # an installation by half: its message says what is missing
    sys.exit(f"Error: {error}")

app = typer.Typer(
    name="partyfinder",
    help="A GraphQL API on Apache Cassandra: find a city's parties, post one, join or leave it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.command)
app.command("sync-schema")(sync_schema.command)
app.command("export-schema")(export_schema.command)
app.command("explain")(explain.command)
app.command("demo")(demo.command)
app.command("doctor")(doctor.command)
app.command("export")(export_parties.command)
app.command("import")(import_parties.command)
app.command("repair")(repair.command)
app.command("remove-past")(remove_past.command)
app.add_typer(cassandra.app, name="cassandra")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
