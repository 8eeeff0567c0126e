"""Strawberry's own flow of a request, its steps replaced: for schemas with extensions.

Texts are parsed and validated by the engine's caches, operations executed by compiled code. It
hooks into what `strawberry.Schema` calls on its way, and is the only part that does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    default_field_resolver,
    default_type_resolver,
    specified_rules,
    validate,
)
from graphql.pyutils.is_awaitable import is_async_iterable
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.schema import (
    StrawberryGraphQLCoreExecutionContext,
    _OperationContextAwareGraphQLResolveInfo,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graphql_api.engine.costs import costs_of
from graphql_api.engine.documents import DocumentCache
from graphql_api.engine.execution import RunInputs, adopt, execute_compiled
from graphql_api.engine.fallback import (
    KNOWN_PREDICATES,
    NotCompilableError,
    Reason,
    is_empty_middleware,
)
from graphql_api.engine.limits import Limits
from graphql_api.engine.runtime import InfoShape, Run, RunSettings
from graphql_api.engine.subscriptions import CompiledEvents
from graphql_api.engine.tally import TALLY

from .resolvers import StrawberryAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphql.execution import MiddlewareManager
    from strawberry.extensions.runner import SchemaExtensionsRunner
    from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError

    from graphql_api.engine.costs import CostModel


def _shared_info(run: Run) -> tuple[Any, ...]:
    operation = run.operation
    return (
        operation.schema,
        operation.fragment_definitions,
        run.root_value,
        operation.definition,
        run.variables.coerced,
        run.context,
        run.is_awaitable,
        None,
        run.helpers(),
        run.extra,
    )


_INFO: Final = InfoShape(_OperationContextAwareGraphQLResolveInfo, _shared_info)
_SETTINGS: Final = RunSettings(
    optimized_is_awaitable,
    is_async_iterable,
    default_field_resolver,
    default_type_resolver,
    False,  # noqa: FBT003 - suggestions are not hidden
    _INFO,
    None,
)
RULES: Final = tuple(specified_rules)
# Strawberry's own, which no configuration leaves out.
_OWN_RULES: Final = (MaybeNullValidationRule, OneOfInputValidationRule)
# Extensions whose work the engine's own caches do.
_SUPERSEDED: Final = (ParserCache, ValidationCache)

KNOWN_PREDICATES.add(optimized_is_awaitable)


class EventExecutor(CompiledEvents, StrawberryGraphQLCoreExecutionContext):
    """Runs the events of Strawberry's subscriptions."""

    info_shape = _INFO


class CompiledSteps(strawberry.Schema):
    """A `strawberry.Schema` that compiles: takes the same arguments, and those below.

    Args:
        engine: whether operations are compiled; without it they run as in Strawberry itself.
        limits: what is refused for its size, before it is validated; none unless given.
        cost_model: what fields cost, for `limits.cost` and for those who ask for
            `extensions.cost`.
        introspects: whether clients may ask for the schema.
        suggests: whether errors suggest names of fields and values, which tells of the schema too.
    """

    def __init__(
        self,
        *args: Any,
        engine: bool = True,
        limits: Limits | None = None,
        cost_model: CostModel | None = None,
        introspects: bool = True,
        suggests: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.engine = engine
        self.limits = limits or Limits()
        self.plans = adopt(self._schema, StrawberryAdapter())
        self.plans.documents = DocumentCache(
            self._validate,
            self.limits,
            None if cost_model is None else partial(costs_of, self._schema, cost_model),
        )
        self._rules = RULES if introspects else (*RULES, NoSchemaIntrospectionCustomRule)
        self._settings = _SETTINGS._replace(hide_suggestions=not suggests)
        self._is_guarded = bool(limits or cost_model) or not (introspects and suggests)
        self._fallback = self._reason_to_fall_back()
        self._is_plain = not (self.extensions or self._fallback)

    def _validate(self, document: DocumentNode, rules: Sequence[Any]) -> list[GraphQLError]:
        return validate(
            self._schema,
            document,
            (*rules, *_OWN_RULES),
            max_errors=self.limits.errors,
            hide_suggestions=self._settings.hide_suggestions,
        )

    def _reason_to_fall_back(self) -> Reason | None:
        """Return what in the schema's configuration keeps all of it from being compiled."""
        if not self.engine:
            return Reason.DISABLED
        if self.config.enable_experimental_incremental_execution or self.plans.is_incremental:
            return Reason.INCREMENTAL
        if self.execution_context_class is not StrawberryGraphQLCoreExecutionContext:
            return Reason.CUSTOM_EXECUTOR
        return Reason.RESOLVE_EXTENSION if self.directives else None

    def _get_execute_function(self) -> Callable[..., Any]:
        reference = super()._get_execute_function()

        def execute(schema: Any, document: DocumentNode, **given: Any) -> Any:
            reason = self._fallback
            if reason is None and not is_empty_middleware(given["middleware"]):
                reason = Reason.RESOLVE_EXTENSION
            if reason is None:
                try:
                    return self._execute_compiled(document, given)
                except NotCompilableError as error:
                    reason = error.reason
            TALLY.reasons[reason] += 1
            given["hide_suggestions"] = self._settings.hide_suggestions
            return reference(schema, document, **given)

        return execute

    def _execute_compiled(self, document: DocumentNode, given: dict[str, Any]) -> Any:
        settings = self._settings._replace(
            is_async_iterable=given.get("is_async_iterable", is_async_iterable),
            extra=given["operation_extensions"],
        )
        inputs = RunInputs(given["root_value"], given["context_value"], given["variable_values"])
        return execute_compiled(self.plans, document, given["operation_name"], inputs, settings)

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:  # noqa: FBT001, FBT002
        """Return a request's extensions, without those that the engine makes needless."""
        extensions = super().get_extensions(sync)
        if not self.engine:
            return extensions
        return [extension for extension in extensions if type(extension) not in _SUPERSEDED]

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        rules = context.validation_rules
        self._fill_from_cache(context, extensions_runner)
        try:
            return await super()._prepare_operation_async(context, extensions_runner)
        finally:
            context.validation_rules = rules

    def _prepare_operation_sync(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> ExecutionResult | None:
        rules = context.validation_rules
        self._fill_from_cache(context, extensions_runner)
        try:
            return super()._prepare_operation_sync(context, extensions_runner)
        finally:
            context.validation_rules = rules

    def _fill_from_cache(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> None:
        """Spare Strawberry the parsing and validating of a text that has been seen.

        Extensions that take part in either are left to do so.
        """
        if not (self.engine and context.query) or context.graphql_document is not None:
            return
        if context.pre_execution_errors is not None:
            return
        if any(_takes_part(extension) for extension in extensions_runner.extensions):
            return
        rules = context.validation_rules
        document = self.plans.documents.get(context.query, rules, dict(context.parse_options))
        context.graphql_document = document.node
        if document.refusal is None:
            context.validation_rules = ()
        elif document.node is not None:
            context.pre_execution_errors = list(document.errors)

    def _stream(
        self,
        execution_context: ExecutionContext,
        extensions_runner: SchemaExtensionsRunner,
        middleware_manager: MiddlewareManager,
        execution_context_class: Any = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Any:
        if self._fallback is None and is_empty_middleware(middleware_manager):
            execution_context_class = EventExecutor
        return super()._stream(
            execution_context,
            extensions_runner,
            middleware_manager,
            execution_context_class,
            operation_extensions,
        )


def _takes_part(extension: SchemaExtension) -> bool:
    """Tell whether an extension has a hand in parsing or validating."""
    cls = type(extension)
    return (
        cls.on_parse is not SchemaExtension.on_parse
        or cls.on_validate is not SchemaExtension.on_validate
    )
