"""The executable schema, and its text."""

from __future__ import annotations

import strawberry
from strawberry.printer import print_schema

from graphql_api.schema.mutation import Mutation
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import config


class Schema(strawberry.Schema):
    """The API. Errors are logged where they are answered, by `faults.py`."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing here."""


def build_schema() -> Schema:
    """The schema that the server executes."""
    return Schema(query=Query, mutation=Mutation, config=config())


def export_schema() -> str:
    """The schema's text, as committed in `schema.graphql`."""
    return print_schema(build_schema()) + "\n"
