"""Why an operation is handed to graphql-core as a whole, and how that is found out.

Reasons are stable strings: they are the keys of `counters().fallback_reasons`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
)
from graphql.execution import MiddlewareManager
from graphql.pyutils import is_awaitable as default_is_awaitable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Reason(StrEnum):
    """Everything that is not compiled."""

    ABORT_SIGNAL = "abort signal"
    CUSTOM_ARGUMENTS = "custom executor arguments"
    CUSTOM_CONDITIONS = "conditions that cannot be evaluated"
    CUSTOM_EXECUTOR = "custom executor class"
    CUSTOM_PREDICATE = "custom is_awaitable or is_async_iterable"
    DISABLED = "engine switched off"
    FRAGMENT_ARGUMENTS = "fragment arguments"
    HOOKS = "execution hooks"
    INCREMENTAL = "@defer or @stream"
    MIDDLEWARE = "middleware"
    NO_OPERATION = "no such operation"
    RESOLVE_EXTENSION = "extension that wraps resolve"
    TOO_LARGE = "operation too large to compile"
    TOO_MANY_VARIANTS = "too many combinations of @skip and @include"


class NotCompilableError(Exception):
    """An operation that graphql-core has to run; the argument is the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_in_call(
    *, middleware: Any, executor_class: Any, abort_signal: Any, hooks: Any, custom: dict[str, Any]
) -> Reason | None:
    """Return what in a call of `execute` asks for graphql-core's own executor."""
    if executor_class is not None:
        return Reason.CUSTOM_EXECUTOR
    if middleware is not None and not is_empty_middleware(middleware):
        return Reason.MIDDLEWARE
    if abort_signal is not None:
        return Reason.ABORT_SIGNAL
    if hooks is not None:
        return Reason.HOOKS
    return Reason.CUSTOM_ARGUMENTS if custom else None


def is_empty_middleware(middleware: Any) -> bool:
    """Tell whether a middleware manager manages nothing."""
    return type(middleware) is MiddlewareManager and not middleware.middlewares


def reason_in_document(document: DocumentNode) -> Reason | None:
    """Return what in a document is not compiled at all."""
    stack: list[Any] = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode) and definition.variable_definitions:
            return Reason.FRAGMENT_ARGUMENTS
        stack.append(getattr(definition, "selection_set", None))
    while stack:
        selection_set = stack.pop()
        for selection in selection_set.selections if selection_set else ():
            if selection.directives and _is_incremental(selection.directives):
                return Reason.INCREMENTAL
            if isinstance(selection, FragmentSpreadNode):
                if selection.arguments:
                    return Reason.FRAGMENT_ARGUMENTS
            else:
                stack.append(selection.selection_set)
    return None


def _is_incremental(directives: Iterable[DirectiveNode]) -> bool:
    return any(directive.name.value in ("defer", "stream") for directive in directives)


def schema_is_incremental(schema: GraphQLSchema) -> bool:
    """Tell whether the schema declares @defer or @stream, which `execute` refuses."""
    return bool(schema.get_directive("defer") or schema.get_directive("stream"))


def is_known_predicate(predicate: Callable[[Any], Any] | None) -> bool:
    """Tell whether `is_awaitable` is graphql-core's, or one registered as its equal."""
    return predicate is None or predicate in KNOWN_PREDICATES


KNOWN_PREDICATES: set[Callable[[Any], Any]] = {default_is_awaitable}
"""Predicates that say the same as graphql-core's; an integration may add its own."""
