"""`partyfinder explain`: the code that an operation is compiled to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError, parse, validate

from graphql_api.engine import explain
from graphql_api.schema.build import build_schema


def command(
    query: Annotated[
        str, typer.Argument(help="A GraphQL document, @FILE with one, or - for standard input.")
    ],
    operation: Annotated[
        str | None, typer.Option(help="The operation's name, where the document has several.")
    ] = None,
) -> None:
    """Show the Python code that the engine runs for an operation.

    Example: partyfinder explain '{ party(id: "x") { name people } }'
    """
    schema = build_schema()
    try:
        document = parse(_text(query))
        errors = validate(schema.graphql_schema, document)
        if errors:
            raise errors[0]
        typer.echo(explain(schema.graphql_schema, document, operation))
    except (GraphQLError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


def _text(query: str) -> str:
    if query == "-":
        return sys.stdin.read()
    return Path(query[1:]).read_text(encoding="utf-8") if query.startswith("@") else query
