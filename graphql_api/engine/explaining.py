"""The source that the engine generates for an operation, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import DocumentNode, GraphQLSchema, parse
from graphql.execution.values import VariableValues

from .execution import plans_of
from .fallback import NotCompilableError
from .plan import is_serial

if TYPE_CHECKING:
    from typing import Any

    from .plan import Operation, Variant


def explain(
    schema: GraphQLSchema,
    document: DocumentNode | str,
    operation_name: str | None = None,
    conditions: dict[str, Any] | None = None,
) -> str:
    """Return the generated source of an operation, or why there is none.

    Args:
        schema: a graphql-core schema (`schema._schema` of a Strawberry one).
        document: a valid document.
        operation_name: needed when there are several operations.
        conditions: values of the variables that @skip and @include use; False where absent.
    """
    node = parse(document) if isinstance(document, str) else document
    try:
        variant = compile_now(schema, node, operation_name, conditions)
    except NotCompilableError as error:
        return f"# Runs in graphql-core: {error.reason}\n"
    return "\n\n".join(f"# {source.filename}\n{source.text}" for source in variant.sources)


def compile_now(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    conditions: dict[str, Any] | None = None,
) -> Variant:
    """Compile an operation of a valid document wholly, before it is first run.

    Raises:
        NotCompilableError: graphql-core has to run it.
    """
    variant = _variant(plans_of(schema).operation(document, operation_name), conditions or {})
    variant.complete()
    return variant


def _variant(operation: Operation, conditions: dict[str, Any]) -> Variant:
    values = {name: conditions.get(name, False) for name in operation.conditions}
    return operation.variant(
        VariableValues({}, values),
        own_resolver=False,
        serially=is_serial(operation.definition),
    )
