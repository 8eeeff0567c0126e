"""A request as Strawberry's `Schema.execute` is given it, and how it may be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import GraphQLSyntaxError
from graphql import OperationType as GraphQLOperationType
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from graphql_api.engine.documents import Document, Refusal
from graphql_api.engine.execution import RunInputs
from graphql_api.engine.limits import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterable

# graphql-core's operation types as Strawberry has them.
_OPERATION_TYPES: Final = {each: OperationType(each.value) for each in GraphQLOperationType}


class UnnamedOperationError(CannotGetOperationTypeError):
    """Several operations, and no name that tells which is meant."""

    def as_http_error_reason(self) -> str:
        """What the client reads."""
        return "Must provide operation name if query contains multiple operations."


class Request(NamedTuple):
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


def require_name(request: Request, document: Document) -> None:
    """Refuse to guess which of several operations is meant.

    Raises:
        UnnamedOperationError: there are several and none is named.
    """
    is_unnamed = request.operation_name is None and document.refusal is None
    if is_unnamed and len(document.operation_types) > 1:
        raise UnnamedOperationError(None)


def operation_name(request: Request, document: Document) -> str | None:
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


def refusal_in(result: ExecutionResult) -> Refusal | None:
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
