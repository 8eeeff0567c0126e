"""Drop-ins for graphql-core's `execute` and `execute_sync`, and the plans behind them."""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
    validate,
)
from graphql import execute as reference_execute
from graphql import execute_sync as reference_execute_sync
from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.pyutils import is_awaitable as default_is_awaitable
from graphql.pyutils.is_awaitable import is_async_iterable as default_is_async_iterable

from .adapter import PLAIN, Adapter
from .cache import BoundedCache
from .documents import DocumentCache
from .fallback import (
    NotCompilableError,
    Reason,
    is_known_predicate,
    reason_in_call,
    schema_is_incremental,
)
from .plan import Operation, Variant, is_serial
from .runtime import GRAPHQL_INFO, Run, RunSettings
from .tally import TALLY

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable
    from typing import TypeGuard

MAX_PLANS: Final = 512
MAX_REFUSED: Final = 128
_ATTRIBUTE: Final = "_compiled_plans"


class _Refused(NamedTuple):
    document: DocumentNode  # keeps the identity taken that the cache's key consists of
    reason: Reason


class RunInputs(NamedTuple):
    """What differs from request to request."""

    root_value: Any
    context: Any
    variables: dict[str, Any] | None


class SchemaPlans:
    """The compiled operations of one schema.

    Kept on the schema object itself, so that both go together. What cannot be compiled has a
    cache of its own and cannot evict what can.
    """

    def __init__(self, schema: GraphQLSchema, adapter: Adapter = PLAIN) -> None:
        self.schema = schema
        self.adapter = adapter
        self.operations: BoundedCache[Operation] = BoundedCache(MAX_PLANS)
        self.refused: BoundedCache[_Refused] = BoundedCache(MAX_REFUSED)
        self.documents = DocumentCache(lambda node, rules: validate(schema, node, rules))
        self.is_incremental = schema_is_incremental(schema)

    def operation(self, document: DocumentNode, name: str | None) -> Operation:
        """Return the plan of an operation; documents are told apart by identity.

        Raises:
            NotCompilableError: graphql-core has to run it.
            TypeError: the schema is invalid.
        """
        key = (id(document), name)
        found = self.operations.get(key)
        if found is not None:
            return found
        refused = self.refused.get(key)
        if refused is not None:
            raise NotCompilableError(refused.reason)
        try:
            return self.operations.get_or_make(key, lambda: self._plan(document, name))
        except NotCompilableError as error:
            self.refused.put(key, _Refused(document, error.reason))
            raise

    def _plan(self, document: DocumentNode, name: str | None) -> Operation:
        assert_valid_schema(self.schema)
        TALLY.plans += 1
        return Operation(self.schema, document, name, self.adapter)


def plans_of(schema: GraphQLSchema) -> SchemaPlans:
    """Return the plans of a schema, which start with its first execution."""
    plans: SchemaPlans | None = schema.__dict__.get(_ATTRIBUTE)
    return adopt(schema, PLAIN) if plans is None or plans.schema is not schema else plans


def adopt(schema: GraphQLSchema, adapter: Adapter) -> SchemaPlans:
    """Start the plans of a schema afresh, with an adapter that knows its resolvers."""
    plans = SchemaPlans(schema, adapter)
    setattr(schema, _ATTRIBUTE, plans)
    return plans


def forget(schema: GraphQLSchema) -> None:
    """Drop a schema's plans, as is needed after changing a schema in place that has been used."""
    adopt(schema, plans_of(schema).adapter)


def run_operation(variant: Variant, run: Run) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Run a compiled variant; the result is awaitable when anything in it was."""
    TALLY.compiled += 1
    try:
        data = variant.run(run)
    except GraphQLError as error:
        run.add_error(error, None)
        data = None
    if data is None or type(data) is dict:
        return ExecutionResult(data, run.errors or None)
    return _await_data(run, data)


async def _await_data(run: Run, data: Awaitable[dict[str, Any]]) -> ExecutionResult:
    try:
        completed = await data
    except GraphQLError as error:
        run.add_error(error, None)
        return ExecutionResult(None, run.errors or None)
    return ExecutionResult(completed, run.errors or None)


def prepare_run(
    plans: SchemaPlans,
    document: DocumentNode,
    operation_name: str | None,
    inputs: RunInputs,
    settings: RunSettings,
    *,
    max_coercion_errors: int = 50,
    own_resolver: bool = False,
) -> tuple[Variant, Run] | list[GraphQLError]:
    """Return what there is to run, or what is wrong with the variables.

    Raises:
        NotCompilableError: graphql-core has to run it.
    """
    operation = plans.operation(document, operation_name)
    variables = operation.variables.coerce(
        inputs.variables or {}, max_coercion_errors, hide_suggestions=settings.hide_suggestions
    )
    if isinstance(variables, list):
        return variables
    serially = is_serial(operation.definition)
    variant = operation.variant(variables, own_resolver=own_resolver, serially=serially)
    return variant, Run(operation, inputs.root_value, inputs.context, variables, settings)


def execute_compiled(
    plans: SchemaPlans,
    document: DocumentNode,
    operation_name: str | None,
    inputs: RunInputs,
    settings: RunSettings,
    *,
    max_coercion_errors: int = 50,
    own_resolver: bool = False,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute an operation as compiled code.

    Raises:
        NotCompilableError: nothing has been run yet; graphql-core has to do it.
    """
    prepared = prepare_run(
        plans,
        document,
        operation_name,
        inputs,
        settings,
        max_coercion_errors=max_coercion_errors,
        own_resolver=own_resolver,
    )
    if isinstance(prepared, list):
        TALLY.compiled += 1
        return ExecutionResult(None, prepared)
    return run_operation(*prepared)


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    subscribe_field_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,  # noqa: FBT001, FBT002 - graphql-core's signature
    middleware: Any = None,
    executor_class: Any = None,
    is_awaitable: Callable[[Any], TypeGuard[Awaitable[Any]]] | None = None,
    is_async_iterable: Callable[[Any], TypeGuard[AsyncIterable[Any]]] | None = None,
    hide_suggestions: bool = False,  # noqa: FBT001, FBT002 - graphql-core's signature
    abort_signal: Any = None,
    hooks: Any = None,
    **custom_context_args: Any,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute an operation: graphql-core's `execute`, compiled where that is possible.

    Returns what graphql-core would: a result, or an awaitable of one when anything was awaitable.

    Raises:
        GraphQLError: the schema declares @defer or @stream, or they give several payloads.
        TypeError: the schema is invalid.
    """
    reason = reason_in_call(
        middleware=middleware,
        executor_class=executor_class,
        abort_signal=abort_signal,
        hooks=hooks,
        custom=custom_context_args,
    )
    if reason is None and not (is_known_predicate(is_awaitable) and is_async_iterable is None):
        reason = Reason.CUSTOM_PREDICATE
    if reason is None:
        settings = RunSettings(
            is_awaitable or default_is_awaitable,
            default_is_async_iterable,
            field_resolver or default_field_resolver,
            type_resolver or default_type_resolver,
            hide_suggestions,
            GRAPHQL_INFO,
            None,
        )
        plans = plans_of(schema)
        try:
            if plans.is_incremental:
                raise NotCompilableError(Reason.INCREMENTAL)  # noqa: TRY301
            return execute_compiled(
                plans,
                document,
                operation_name,
                RunInputs(root_value, context_value, variable_values),
                settings,
                max_coercion_errors=max_coercion_errors,
                own_resolver=field_resolver is not None,
            )
        except NotCompilableError as error:
            reason = error.reason
    TALLY.reasons[reason] += 1
    return reference_execute(
        schema,
        document,
        root_value,
        context_value,
        variable_values,
        operation_name,
        field_resolver,
        type_resolver,
        subscribe_field_resolver,
        max_coercion_errors,
        enable_early_execution,
        middleware,
        executor_class,
        is_awaitable,
        is_async_iterable,
        hide_suggestions=hide_suggestions,
        abort_signal=abort_signal,
        hooks=hooks,
        **custom_context_args,
    )


def execute_sync(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    middleware: Any = None,
    executor_class: Any = None,
    check_sync: Any = False,  # noqa: FBT002 - graphql-core's signature
    hide_suggestions: bool = False,  # noqa: FBT001, FBT002 - graphql-core's signature
    abort_signal: Any = None,
    hooks: Any = None,
) -> ExecutionResult:
    """Execute an operation whose resolvers are all synchronous: graphql-core's `execute_sync`.

    Raises:
        RuntimeError: `check_sync` was asked for and something was awaitable.
        TypeError: the schema is invalid.
    """
    reason = reason_in_call(
        middleware=middleware,
        executor_class=executor_class,
        abort_signal=abort_signal,
        hooks=hooks,
        custom={},
    )
    if reason is None and callable(check_sync):
        reason = Reason.CUSTOM_PREDICATE
    if reason is None:
        settings = RunSettings(
            default_is_awaitable if check_sync else assume_not_awaitable,
            default_is_async_iterable if check_sync else assume_not_async_iterable,
            field_resolver or default_field_resolver,
            type_resolver or default_type_resolver,
            hide_suggestions,
            GRAPHQL_INFO,
            None,
        )
        try:
            result = execute_compiled(
                plans_of(schema),
                document,
                operation_name,
                RunInputs(root_value, context_value, variable_values),
                settings,
                max_coercion_errors=max_coercion_errors,
                own_resolver=field_resolver is not None,
            )
        except NotCompilableError as error:
            reason = error.reason
        else:
            return _assert_sync(result)
    TALLY.reasons[reason] += 1
    return reference_execute_sync(
        schema,
        document,
        root_value,
        context_value,
        variable_values,
        operation_name,
        field_resolver,
        type_resolver,
        max_coercion_errors,
        middleware,
        executor_class,
        check_sync,
        hide_suggestions=hide_suggestions,
        abort_signal=abort_signal,
        hooks=hooks,
    )


def _assert_sync(result: ExecutionResult | Awaitable[ExecutionResult]) -> ExecutionResult:
    if isinstance(result, ExecutionResult):
        return result
    if iscoroutine(result):
        result.close()
    raise RuntimeError("GraphQL execution failed to complete synchronously.")
