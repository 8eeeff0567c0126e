"""Subscriptions: graphql-core makes the stream of events, each event runs as compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from graphql import DocumentNode, GraphQLSchema, default_field_resolver
from graphql import subscribe as reference_subscribe
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental

from .execution import plans_of, run_operation
from .fallback import NotCompilableError, Reason, is_empty_middleware
from .runtime import GRAPHQL_INFO, InfoShape, Run, RunSettings
from .tally import TALLY

if TYPE_CHECKING:
    from graphql.execution import Executor

    Base = Executor[Any]
else:
    Base = object


class CompiledEvents(Base):
    """Mixed into an executor class: runs the operation for one event as compiled code."""

    info_shape: ClassVar[InfoShape] = GRAPHQL_INFO
    document: DocumentNode

    @classmethod
    def build(cls, schema: GraphQLSchema, document: DocumentNode, *args: Any, **kwargs: Any) -> Any:
        """Build the executor and let it keep the document, by which plans are found."""
        executor = super().build(schema, document, *args, **kwargs)
        if isinstance(executor, CompiledEvents):
            executor.document = document
        return executor

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001 - an override
        """Execute the operation for the present root value."""
        try:
            return self._execute_compiled(serially=bool(serially))
        except NotCompilableError as error:
            TALLY.reasons[error.reason] += 1
            return super().execute_operation(serially)

    def _execute_compiled(self, *, serially: bool) -> Any:
        if self.middleware_manager and not is_empty_middleware(self.middleware_manager):
            raise NotCompilableError(Reason.MIDDLEWARE)
        if self.abort_signal is not None or self.hooks is not None:
            raise NotCompilableError(Reason.HOOKS)
        name = self.operation.name.value if self.operation.name else None
        operation = plans_of(self.schema).operation(self.document, name)
        variant = operation.variant(
            self.variable_values,
            own_resolver=self.field_resolver is not default_field_resolver,
            serially=serially,
        )
        settings = RunSettings(
            self.is_awaitable,
            self.is_async_iterable,
            self.field_resolver,
            self.type_resolver,
            self.hide_suggestions,
            self.info_shape,
            getattr(self, "operation_extensions", None),
        )
        run = Run(operation, self.root_value, self.context_value, self.variable_values, settings)
        return run_operation(variant, run)


class EventExecutor(CompiledEvents, ExecutorThrowingOnIncremental):
    """The executor of `engine.subscribe`."""


def subscribe(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Any = None,
    type_resolver: Any = None,
    subscribe_field_resolver: Any = None,
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,  # noqa: FBT001, FBT002 - graphql-core's signature
    executor_class: Any = None,
    middleware: Any = None,
    hide_suggestions: bool = False,  # noqa: FBT001, FBT002 - graphql-core's signature
    **custom_context_args: Any,
) -> Any:
    """Subscribe: graphql-core's `subscribe`, each event of which runs as compiled code.

    Returns what graphql-core would: an iterator of results, one result with errors, or an
    awaitable of either.

    Raises:
        GraphQLError: the operation is no subscription.
        TypeError: the schema is invalid.
    """
    if executor_class is not None:
        TALLY.reasons[Reason.CUSTOM_EXECUTOR] += 1
    return reference_subscribe(
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
        executor_class or EventExecutor,
        middleware,
        hide_suggestions,
        **custom_context_args,
    )
