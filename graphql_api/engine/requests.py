"""A request's text turned into a response body, for schemas of graphql-core's own making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    GraphQLSchema,
    default_field_resolver,
    default_type_resolver,
    specified_rules,
)
from graphql import execute as reference_execute
from graphql.pyutils import is_awaitable
from graphql.pyutils.is_awaitable import is_async_iterable

from .documents import Document, Refusal
from .execution import RunInputs, SchemaPlans, plans_of, prepare_run, run_operation
from .fallback import NotCompilableError, Reason
from .runtime import GRAPHQL_INFO, RunSettings
from .tally import TALLY
from .to_bytes import Response, format_error, to_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLError

SETTINGS = RunSettings(
    is_awaitable,
    is_async_iterable,
    default_field_resolver,
    default_type_resolver,
    False,  # noqa: FBT003 - suggestions are not hidden
    GRAPHQL_INFO,
    None,
)


async def execute_to_bytes(
    schema: GraphQLSchema,
    text: str,
    variable_values: dict[str, Any] | None = None,
    context_value: Any = None,
    root_value: Any = None,
    operation_name: str | None = None,
    formatter: Callable[[GraphQLError, Refusal | None], dict[str, Any]] = format_error,
) -> Response:
    """Parse, validate and execute a query or mutation; all but the running is done once per text.

    Whatever goes wrong is in the response; nothing is raised but an invalid schema's TypeError.
    """
    plans = plans_of(schema)
    document = plans.documents.get(text, tuple(specified_rules), {})
    if document.refusal is not None:
        return to_response(None, document.errors, document.refusal, formatter)
    inputs = RunInputs(root_value, context_value, variable_values)
    return await respond(plans, document, operation_name, inputs, SETTINGS, formatter)


async def respond(
    plans: SchemaPlans,
    document: Document,
    operation_name: str | None,
    inputs: RunInputs,
    settings: RunSettings,
    formatter: Callable[[GraphQLError, Refusal | None], dict[str, Any]],
) -> Response:
    """Execute a valid document and write the response."""
    node = document.valid_node
    result: Any
    try:
        if plans.is_incremental:
            raise NotCompilableError(Reason.INCREMENTAL)  # noqa: TRY301
        prepared = prepare_run(plans, node, operation_name, inputs, settings)
    except NotCompilableError as error:
        TALLY.reasons[error.reason] += 1
        result = reference_execute(
            plans.schema, node, inputs.root_value, inputs.context, inputs.variables, operation_name
        )
        if is_awaitable(result):
            result = await result
        return to_response(result.data, result.errors, refusal_in(result), formatter)
    if isinstance(prepared, list):
        TALLY.compiled += 1
        return to_response(None, prepared, Refusal.VARIABLES, formatter)
    result = run_operation(*prepared)
    if type(result) is not ExecutionResult:
        result = await result
    return to_response(result.data, result.errors, None, formatter)


def refusal_in(result: ExecutionResult) -> Refusal | None:
    """Tell from a result alone whether nothing was executed: its errors have no path then."""
    if result.data is not None or not result.errors:
        return None
    return None if any(error.path for error in result.errors) else Refusal.OPERATION
