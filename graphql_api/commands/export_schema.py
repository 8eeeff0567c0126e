"""`partyfinder export-schema`: the API as GraphQL's schema language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphql_api.schema.build import export_schema


def command(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="A file in place of the terminal."),
    ] = None,
) -> None:
    """Print the API as GraphQL's schema language (SDL), as committed in schema.graphql."""
    text = export_schema()
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {output}.")
