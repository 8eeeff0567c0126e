"""`Schema`: Strawberry's, with its operations run as compiled code.

With extensions, Strawberry's own flow is kept and only its steps are replaced: parsing and
validating by the engine's caches, executing by compiled code. Without any, there is a short way.
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    default_field_resolver,
    default_type_resolver,
    specified_rules,
    validate,
)
from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import OperationType as GraphQLOperationType
from graphql.pyutils.is_awaitable import is_async_iterable
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import (
    DEFAULT_ALLOWED_OPERATION_TYPES,
    StrawberryGraphQLCoreExecutionContext,
    _coerce_error,
    _coerce_pre_execution_error,
    _OperationContextAwareGraphQLResolveInfo,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from graphql_api.engine.costs import costs_of
from graphql_api.engine.documents import Document, DocumentCache, Refusal
from graphql_api.engine.execution import RunInputs, adopt, execute_compiled
from graphql_api.engine.explaining import compile_now
from graphql_api.engine.fallback import (
    KNOWN_PREDICATES,
    NotCompilableError,
    Reason,
    is_empty_middleware,
)
from graphql_api.engine.limits import LimitExceededError, Limits
from graphql_api.engine.runtime import InfoShape, Run, RunSettings
from graphql_api.engine.subscriptions import CompiledEvents
from graphql_api.engine.tally import TALLY
from graphql_api.engine.to_bytes import Response, format_error, to_response

from .resolvers import StrawberryAdapter
from .stream import events, is_subscription

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from graphql.execution import MiddlewareManager
    from strawberry.extensions.runner import SchemaExtensionsRunner

    from graphql_api.engine.costs import Cost, CostModel


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
_RULES: Final = tuple(specified_rules)
# Strawberry's own, which no configuration leaves out.
_OWN_RULES: Final = (MaybeNullValidationRule, OneOfInputValidationRule)
# Extensions whose work the engine's own caches do.
_SUPERSEDED: Final = (ParserCache, ValidationCache)
_REFUSED: Final = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
# graphql-core's operation types as Strawberry has them.
_OPERATION_TYPES: Final = {each: OperationType(each.value) for each in GraphQLOperationType}

KNOWN_PREDICATES.add(optimized_is_awaitable)


class UnnamedOperationError(CannotGetOperationTypeError):
    """Several operations, and no name that tells which is meant."""

    def as_http_error_reason(self) -> str:
        """What the client reads."""
        return "Must provide operation name if query contains multiple operations."


class _EventExecutor(CompiledEvents, StrawberryGraphQLCoreExecutionContext):
    """Runs the events of Strawberry's subscriptions."""

    info_shape = _INFO


class _Request(NamedTuple):
    """The arguments of `strawberry.Schema.execute`, in its order."""

    query: str | None
    variable_values: dict[str, Any] | None
    context_value: Any
    root_value: Any
    operation_name: str | None
    allowed_operation_types: Iterable[OperationType] | None
    operation_extensions: dict[str, Any] | None

    @property
    def inputs(self) -> RunInputs:
        """The part of it that execution reads."""
        return RunInputs(self.root_value, self.context_value, self.variable_values)


class Schema(strawberry.Schema):
    """A `strawberry.Schema` whose operations run as compiled code.

    Takes the same arguments, and `engine=False` to run as Strawberry itself does. Results, errors
    and extensions are Strawberry's; an extension with a `resolve` method, an execution context
    class of one's own and incremental execution make operations fall back to it.

    Args:
        engine: whether operations are compiled.
        limits: what is refused for its size, before it is validated; none unless given.
        cost_model: what fields cost, for `limits.cost` and for those who ask for
            `extensions.cost`.
        introspects: whether clients may ask for the schema.
        suggests: whether errors suggest names of fields and values, which tells of the schema too.
    """

    guesses_operation = True
    """Whether the first of several operations is run where none is named, as Strawberry does; the
    specification has that refused."""

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
        self._rules = _RULES if introspects else (*_RULES, NoSchemaIntrospectionCustomRule)
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

    # -- Strawberry's own flow, for schemas with extensions --------------------------------------

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
            execution_context_class = _EventExecutor
        return super()._stream(
            execution_context,
            extensions_runner,
            middleware_manager,
            execution_context_class,
            operation_extensions,
        )

    # -- the short way, for schemas without extensions -------------------------------------------

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Execute a query or mutation: see `strawberry.Schema.execute`."""
        request = _Request(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )
        if not (self._is_plain and query):
            return await self._execute_guarded(request)
        document = self.plans.documents.get(query, self._rules, {})
        if not self.guesses_operation:
            _require_name(request, document)
        is_refused = document.refusal is not None
        if document.node is None or (is_refused and not self.guesses_operation):
            return self._refuse(request, document, document.errors)
        name = self._check_operation(request, document)
        if document.refusal is not None:
            return self._refuse(request, document, document.errors)
        refused, extensions = self._price(request, document, name)
        if refused is not None:
            return refused
        try:
            result = self._start(request, document, name)
            if type(result) is not GraphQLExecutionResult:
                result = await result
        except Exception as error:  # noqa: BLE001 - Strawberry reports these as well
            return self._refuse(request, document, [_coerce_error(error)])
        if result.errors:
            self._report(request, document, result.errors)
        return ExecutionResult(result.data, result.errors, extensions)

    async def _execute_guarded(self, request: _Request) -> ExecutionResult:
        """Execute as Strawberry does what may be executed."""
        extensions: dict[str, Any] = {}
        if request.query and (self._is_guarded or not self.guesses_operation):
            document = self.plans.documents.get(request.query, self._rules, {})
            if not self.guesses_operation:
                _require_name(request, document)
            if document.refusal is not None:
                return self._refuse(request, document, document.errors)
            name = request.operation_name or document.default_name
            refused, extensions = self._price(request, document, name)
            if refused is not None:
                return refused
        result = await super().execute(*request)
        if extensions:
            result.extensions = {**(result.extensions or {}), **extensions}
        return result

    def cost(
        self, query: str, operation_name: str | None, variables: dict[str, Any] | None
    ) -> Cost | None:
        """Return what a request may cost; None for one that is refused, or without a cost model."""
        document = self.plans.documents.get(query, self._rules, {})
        cost = document.costs.get(operation_name or document.default_name)
        return None if cost is None else cost.of(variables)

    def _price(
        self, request: _Request, document: Document, name: str | None
    ) -> tuple[PreExecutionError | None, dict[str, Any]]:
        """Return the refusal of what costs too much, and the extensions of those who ask."""
        cost = document.costs.get(name)
        most = self.limits.cost
        if cost is None:
            return None, {}
        asks = (request.operation_extensions or {}).get("cost") is True
        is_dear = most is not None and cost.ceiling > most
        if not (asks or is_dear):
            return None, {}
        total, counts = cost.of(request.variable_values)
        extensions = {"cost": {"total": total, "most": most, **counts}} if asks else {}
        if most is None or total <= most:
            return None, extensions
        refused = self._refuse(request, document, [LimitExceededError("cost", total, most)])
        refused.extensions = extensions
        return refused, extensions

    async def execute_to_bytes(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
        formatter: Callable[[GraphQLError, Refusal | None], dict[str, Any]] = format_error,
    ) -> Response:
        """Execute a query or mutation and return the response's body, and what became of it.

        Never raises for what a client sent: also a missing query, an unknown operation or one of
        a type that is not allowed is a response with errors.
        """
        try:
            result = await self.execute(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                operation_extensions,
            )
        except _REFUSED as error:
            errors = [_coerce_pre_execution_error(error)]
            is_type = isinstance(error, InvalidOperationTypeError)
            refusal = Refusal.OPERATION_TYPE if is_type else Refusal.OPERATION
            return to_response(None, errors, refusal, formatter)
        refused_at = _refusal_in(result)
        return to_response(result.data, result.errors, refused_at, formatter, result.extensions)

    def keep(self, text: str) -> Document:
        """Parse, validate and compile a text now, and remember it for as long as the schema lives.

        Returns what became of it: a document with a refusal is not remembered.
        """
        document = self.plans.documents.keep(text, _RULES)  # also what introspects
        if document.refusal is None and self._fallback is None:
            self.plans.operations.make_room(len(document.operation_types))
            for name in document.operation_types:
                with suppress(NotCompilableError):
                    compile_now(self._schema, document.valid_node, name)
        return document

    async def stream_to_bytes(
        self,
        query: str,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        formatter: Callable[[GraphQLError, Refusal | None], dict[str, Any]] = format_error,
    ) -> AsyncGenerator[Response, None]:
        """Execute any operation and yield its answers, a subscription's as they are asked for.

        Never raises for what a client sent. Extensions take no part in subscriptions.
        """
        document = self.plans.documents.get(query, self._rules, {})
        if not is_subscription(document, operation_name):
            yield await self.execute_to_bytes(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                formatter=formatter,
            )
            return
        name = operation_name or document.default_name
        request = _Request(query, variable_values, context_value, root_value, name, None, None)
        refused, _ = self._price(request, document, name)
        if refused is not None:
            yield to_response(None, refused.errors, Refusal.LIMITS, formatter)
            return
        compiled = self._fallback is None
        answers = events(
            self._schema,
            document.valid_node,
            formatter,
            root_value=root_value,
            context_value=context_value,
            variable_values=variable_values,
            operation_name=name,
            hide_suggestions=self._settings.hide_suggestions,
            executor_class=_EventExecutor if compiled else self.execution_context_class,
            operation_extensions=None,
        )
        async with aclosing(answers):
            async for answer in answers:
                yield answer

    def _start(self, request: _Request, document: Document, name: str | None) -> Any:
        """Start executing; the result, or an awaitable of it."""
        settings = self._settings
        if request.operation_extensions is not None:
            settings = settings._replace(extra=request.operation_extensions)
        node = document.valid_node
        try:
            return execute_compiled(self.plans, node, name, request.inputs, settings)
        except NotCompilableError as error:
            TALLY.reasons[error.reason] += 1
        given = {
            "root_value": request.root_value,
            "context_value": request.context_value,
            "variable_values": request.variable_values,
            "operation_name": name,
            "is_awaitable": optimized_is_awaitable,
            "hide_suggestions": settings.hide_suggestions,
            "executor_class": self.execution_context_class,
            "operation_extensions": request.operation_extensions,
        }
        return super()._get_execute_function()(self._schema, node, **given)

    def _check_operation(self, request: _Request, document: Document) -> str | None:
        """Return the name of the operation to execute.

        Raises:
            CannotGetOperationTypeError: there is no such operation.
            InvalidOperationTypeError: it is of a type that is not allowed.
        """
        name = request.operation_name
        if name is None:
            name = document.default_name
        operation_type = document.operation_types.get(name)
        if operation_type is None:
            raise CannotGetOperationTypeError(name)
        allowed = request.allowed_operation_types
        if allowed is not None and _OPERATION_TYPES[operation_type] not in allowed:
            raise InvalidOperationTypeError(_OPERATION_TYPES[operation_type])
        return name

    def _refuse(
        self, request: _Request, document: Document, errors: list[GraphQLError]
    ) -> PreExecutionError:
        self._report(request, document, errors)
        return PreExecutionError(None, errors, {})

    def _report(self, request: _Request, document: Document, errors: list[GraphQLError]) -> None:
        """Pass errors to `process_errors`, with the context that Strawberry gives it."""
        context = self._create_execution_context(
            query=request.query,
            allowed_operation_types=request.allowed_operation_types
            or DEFAULT_ALLOWED_OPERATION_TYPES,
            variable_values=request.variable_values,
            context_value=request.context_value,
            root_value=request.root_value,
            operation_name=request.operation_name,
            operation_extensions=request.operation_extensions,
        )
        context.graphql_document = document.node
        context.pre_execution_errors = errors
        self._process_errors(errors, context)


def _require_name(request: _Request, document: Document) -> None:
    """Refuse to guess which of several operations is meant.

    Raises:
        UnnamedOperationError: there are several and none is named.
    """
    is_unnamed = request.operation_name is None and document.refusal is None
    if is_unnamed and len(document.operation_types) > 1:
        raise UnnamedOperationError(None)


def _takes_part(extension: SchemaExtension) -> bool:
    """Tell whether an extension has a hand in parsing or validating."""
    cls = type(extension)
    return (
        cls.on_parse is not SchemaExtension.on_parse
        or cls.on_validate is not SchemaExtension.on_validate
    )


def _refusal_in(result: ExecutionResult) -> Refusal | None:
    """Tell from a result at which step it was refused, if it was.

    Errors of an execution have a path; what an extension's hook raised has an original error.
    """
    errors = result.errors
    if result.data is not None or not errors or any(error.path for error in errors):
        return None
    if not isinstance(result, PreExecutionError):
        return Refusal.VARIABLES
    if isinstance(errors[0], LimitExceededError):
        return Refusal.LIMITS
    if isinstance(errors[0], GraphQLSyntaxError):
        return Refusal.PARSING
    return None if errors[0].original_error else Refusal.VALIDATION
