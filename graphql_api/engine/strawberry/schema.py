"""`Schema`: Strawberry's, with its operations run as compiled code.

A schema with extensions goes Strawberry's own way (`steps.py`). One without goes the short way
here: from a text to a result, or to the bytes of a response.
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Final

from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import OperationType as GraphQLOperationType
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import (
    DEFAULT_ALLOWED_OPERATION_TYPES,
    _coerce_error,
    _coerce_pre_execution_error,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError

from graphql_api.engine.documents import Document, Refusal
from graphql_api.engine.execution import execute_compiled
from graphql_api.engine.explaining import compile_now
from graphql_api.engine.fallback import NotCompilableError
from graphql_api.engine.limits import LimitExceededError
from graphql_api.engine.tally import TALLY
from graphql_api.engine.to_bytes import Response, format_error, to_response

from .requests import Request, refusal_in, require_name
from .requests import operation_name as checked_name
from .steps import RULES, CompiledSteps, EventExecutor
from .stream import events, is_subscription

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from graphql import GraphQLError
    from strawberry.types.graphql import OperationType

    from graphql_api.engine.costs import Cost

_REFUSED: Final = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


class Schema(CompiledSteps):
    """A `strawberry.Schema` whose operations run as compiled code.

    Results, errors and extensions are Strawberry's; an extension with a `resolve` method, an
    execution context class of one's own and incremental execution make operations fall back to it.
    """

    guesses_operation = True
    """Whether the first of several operations is run where none is named, as Strawberry does; the
    specification has that refused."""

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
        request = Request(
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
            require_name(request, document)
        is_refused = document.refusal is not None
        if document.node is None or (is_refused and not self.guesses_operation):
            return self._refuse(request, document, document.errors)
        name = checked_name(request, document)
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

    async def _execute_guarded(self, request: Request) -> ExecutionResult:
        """Execute as Strawberry does what may be executed."""
        extensions: dict[str, Any] = {}
        if request.query and (self._is_guarded or not self.guesses_operation):
            document = self.plans.documents.get(request.query, self._rules, {})
            if not self.guesses_operation:
                require_name(request, document)
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

    def is_query(self, text: str, operation_name: str | None) -> bool:
        """Tell whether a request's operation is a valid query, which changes nothing."""
        document = self.plans.documents.get(text, self._rules, {})
        if document.refusal is not None:
            return False
        name = document.default_name if operation_name is None else operation_name
        return document.operation_types.get(name) is GraphQLOperationType.QUERY

    def cost(
        self, query: str, operation_name: str | None, variables: dict[str, Any] | None
    ) -> Cost | None:
        """Return what a request may cost; None for one that is refused, or without a cost model."""
        document = self.plans.documents.get(query, self._rules, {})
        cost = document.costs.get(operation_name or document.default_name)
        return None if cost is None else cost.of(variables)

    def meant(self, query: str, operation_name: str | None) -> tuple[str, str | None] | None:
        """Return the type and name of the operation that is meant; None for an invalid request."""
        document = self.plans.documents.get(query, self._rules, {})
        name = operation_name or document.default_name
        type_ = document.operation_types.get(name)
        return None if document.refusal is not None or type_ is None else (type_.value, name)

    def _price(
        self, request: Request, document: Document, name: str | None
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
        report: Callable[[], dict[str, Any]] | None = None,
    ) -> Response:
        """Execute a query or mutation and return the response's body, and what became of it.

        What `report` returns when all is done goes into the response's extensions.
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
        refused_at = refusal_in(result)
        extensions = result.extensions
        if report is not None:
            extensions = {**(extensions or {}), **report()}
        return to_response(result.data, result.errors, refused_at, formatter, extensions)

    def keep(self, text: str) -> Document:
        """Parse, validate and compile a text now, and remember it for as long as the schema lives.

        Returns what became of it: a document with a refusal is not remembered.
        """
        document = self.plans.documents.keep(text, RULES)  # also what introspects
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
        request = Request(query, variable_values, context_value, root_value, name, None, None)
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
            executor_class=EventExecutor if compiled else self.execution_context_class,
            operation_extensions=None,
        )
        async with aclosing(answers):
            async for answer in answers:
                yield answer

    def _start(self, request: Request, document: Document, name: str | None) -> Any:
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

    def _refuse(
        self, request: Request, document: Document, errors: list[GraphQLError]
    ) -> PreExecutionError:
        self._report(request, document, errors)
        return PreExecutionError(None, errors, {})

    def _report(self, request: Request, document: Document, errors: list[GraphQLError]) -> None:
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
