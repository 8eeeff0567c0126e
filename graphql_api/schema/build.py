"""The executable schema, and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strawberry.printer import print_schema

from graphql_api.engine.strawberry import Schema
from graphql_api.schema.costs import COSTS
from graphql_api.schema.mutation import Mutation
from graphql_api.schema.query import Query
from graphql_api.schema.scalars import config
from graphql_api.schema.subscription import Subscription

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from graphql_api.engine.limits import Limits


class PartySchema(Schema):
    """The API. Errors are logged where they are answered, by `faults.py`."""

    guesses_operation = False

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._schema

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing here."""


def build_schema(
    *,
    engine: bool = True,
    limits: Limits | None = None,
    introspects: bool = True,
    suggests: bool = True,
) -> PartySchema:
    """The schema that the server executes.

    Args:
        engine: compiles operations; without it graphql-core executes them.
        limits: what is refused for its size.
        introspects: whether clients may ask for the schema.
        suggests: whether errors suggest names.
    """
    return PartySchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=config(),
        engine=engine,
        limits=limits,
        cost_model=COSTS,
        introspects=introspects,
        suggests=suggests,
    )


def export_schema() -> str:
    """The schema's text, as committed in `schema.graphql`."""
    return print_schema(build_schema()) + "\n"
