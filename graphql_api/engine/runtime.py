"""The state of one run and what generated code calls when something is not plain sailing.

Errors are located, recorded and propagated as in graphql-core's `Executor`, whose behaviour is the
definition. `nodes.py` completes values, `awaiting.py` holds the coroutines.
"""

from __future__ import annotations

from asyncio import Future, gather, get_running_loop, iscoroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.error import located_error
from graphql.pyutils import gather_with_cancel
from graphql.type import GraphQLResolveInfoHelpers

from .paths import PathTuple, path_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from graphql.execution.values import VariableValues

    from .nodes import Node
    from .plan import Operation


class InfoShape(NamedTuple):
    """How `info` is built: its named tuple and the values that all fields of a run share.

    Attributes:
        cls: a subclass of tuple; its first five items are field name, field nodes, return type,
            parent type and path.
        shared: run → the remaining items.
    """

    cls: type[tuple[Any, ...]]
    shared: Callable[[Run], tuple[Any, ...]]


class Run:
    """The state of one execution; one instance per operation or subscription event."""

    __slots__ = (
        "_background",
        "context",
        "errors",
        "extra",
        "field_resolver",
        "hide_suggestions",
        "info_shape",
        "is_async_iterable",
        "is_awaitable",
        "nulled",
        "operation",
        "root_value",
        "shared_info",
        "type_resolver",
        "variables",
    )

    def __init__(
        self,
        operation: Operation,
        root_value: Any,
        context: Any,
        variables: VariableValues,
        settings: RunSettings,
    ) -> None:
        self.operation = operation
        self.root_value = root_value
        self.context = context
        self.variables = variables
        (
            self.is_awaitable,
            self.is_async_iterable,
            self.field_resolver,
            self.type_resolver,
            self.hide_suggestions,
            self.info_shape,
            self.extra,
        ) = settings
        self.errors: list[GraphQLError] = []
        self.nulled: set[PathTuple | None] | None = None
        self._background: Background | None = None
        self.shared_info: tuple[Any, ...] | None = None

    def add_error(self, error: GraphQLError, path: PathTuple | None) -> None:
        """Record an error that nulls the position `path`, unless that is already gone."""
        nulled = self.nulled
        if nulled is None:
            nulled = self.nulled = set()
        step = path
        while step is not None:
            if step in nulled:
                return
            step = step[0]
        if None not in nulled:
            nulled.add(path)
            self.errors.append(error)

    @property
    def background(self) -> Background:
        """Where awaitables that nobody awaits any more come to their end."""
        if self._background is None:
            self._background = Background(self.is_awaitable)
        return self._background

    def settle(self, awaitables: list[Awaitable[Any]]) -> None:
        """Let abandoned awaitables finish in the background; close them where no loop runs."""
        self.background.settle(awaitables)

    def helpers(self) -> GraphQLResolveInfoHelpers:
        """Return what resolvers get as `info.async_helpers`."""
        # Of the background, not of the run, which holds them: that would be a cycle per operation.
        return GraphQLResolveInfoHelpers(gather=_gather, track=self.background.track)


class Background:
    """Awaitables of a run that finish though nobody awaits them."""

    __slots__ = ("_is_awaitable", "futures")

    def __init__(self, is_awaitable: Callable[[Any], bool]) -> None:
        self._is_awaitable = is_awaitable
        self.futures: set[Future[Any]] | None = None

    def settle(self, awaitables: list[Awaitable[Any]]) -> None:
        """Let awaitables finish; close them where no loop runs."""
        try:
            get_running_loop()
        except RuntimeError:
            for awaitable in awaitables:
                if iscoroutine(awaitable):
                    awaitable.close()
            return
        future = gather(*awaitables, return_exceptions=True)
        if self.futures is None:
            self.futures = set()
        self.futures.add(future)
        future.add_done_callback(self.futures.discard)

    def track(self, values: Sequence[Any]) -> None:
        """Settle those of the values that are awaitable (`info.async_helpers.track`)."""
        awaitables = [value for value in values if self._is_awaitable(value)]
        if awaitables:
            self.settle(awaitables)


class RunSettings(NamedTuple):
    """What the callers of `execute` may choose besides the operation's inputs."""

    is_awaitable: Callable[[Any], bool]
    is_async_iterable: Callable[[Any], bool]
    field_resolver: Callable[..., Any]
    type_resolver: Callable[..., Any]
    hide_suggestions: bool
    info_shape: InfoShape
    extra: Any


def _gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)


def _shared_info(run: Run) -> tuple[Any, ...]:
    operation = run.operation
    return (
        operation.schema,
        operation.fragment_definitions,
        run.root_value,
        operation.definition,
        run.variables,
        run.context,
        run.is_awaitable,
        None,
        run.helpers(),
    )


GRAPHQL_INFO = InfoShape(GraphQLResolveInfo, _shared_info)


def fail(run: Run, error: Exception, node: Node, path: PathTuple) -> Any:
    """Handle an error of a field or a list item.

    Returns None where null may stand in its place; the error is then recorded.

    Raises:
        GraphQLError: the located error, where the type is non-null and errors propagate.
    """
    located = located_error(error, [*node.field.nodes], path_keys(path))
    if node.propagates:
        raise located
    run.add_error(located, path)
    return None


def abandon(run: Run, waiting: dict[Any, Awaitable[Any]] | None) -> None:
    """Settle the awaitables of siblings when an error is about to null all of them."""
    if waiting:
        run.settle(list(waiting.values()))


def abandon_items(run: Run, waiting: dict[int, Awaitable[Any]] | None, rest: Any) -> None:
    """Do so for a list's items, including those that its iterator still holds."""
    awaitables = list(waiting.values()) if waiting else []
    with suppress(Exception):  # the first error is the one to report
        awaitables.extend(item for item in rest if run.is_awaitable(item))
    if awaitables:
        run.settle(awaitables)
