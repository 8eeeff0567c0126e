"""Operations whose answers come one after another, each as a response body."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, OperationType, subscribe
from graphql.pyutils import is_awaitable

from graphql_api.engine.requests import refusal_in
from graphql_api.engine.to_bytes import Response, to_response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from graphql import DocumentNode, GraphQLSchema

    from graphql_api.engine.documents import Document, Refusal

    Formatter = Callable[[GraphQLError, Refusal | None], dict[str, Any]]


def is_subscription(document: Document, name: str | None) -> bool:
    """Tell whether the operation of a valid document is a subscription."""
    if document.refusal is not None or (name is None and len(document.operation_types) > 1):
        return False
    found = document.operation_types.get(document.default_name if name is None else name)
    return found is OperationType.SUBSCRIPTION


async def events(
    schema: GraphQLSchema,
    document: DocumentNode,
    formatter: Formatter,
    **given: Any,
) -> AsyncGenerator[Response, None]:
    """Subscribe; each event is executed when it is asked for, and closing ends the source.

    Args:
        given: graphql-core's further arguments of `subscribe`.
    """
    source: Any = subscribe(schema, document, **given)
    if is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        yield to_response(source.data, source.errors, refusal_in(source), formatter)
        return
    async with aclosing(source):
        try:
            async for result in source:
                yield to_response(result.data, result.errors, None, formatter, result.extensions)
        except Exception as error:  # noqa: BLE001 - a source that fails ends with an error
            yield to_response(
                None, [GraphQLError(str(error), original_error=error)], None, formatter
            )
