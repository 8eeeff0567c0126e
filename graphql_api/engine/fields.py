"""One field of a compiled selection set: what generated code knows about it as a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .awaiting import await_completed, await_value
from .paths import to_path
from .runtime import Run, fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql import FieldNode, GraphQLField, GraphQLObjectType

    from .adapter import Read
    from .arguments import Arguments
    from .nodes import Node

    Waiting = dict[str, Awaitable[Any]]

_PLAIN = (str, int, float, bool, dict, list)


class Field:
    """A response key of an object type with the field nodes that were merged into it.

    Attributes:
        read: how generated code gets the value without calling a resolver, if it may.
        arguments: None, a constant dictionary of keyword arguments, or a function run → arguments.
        node: the outermost level of the field's type.
    """

    __slots__ = (
        "arguments",
        "definition",
        "key",
        "name",
        "node",
        "nodes",
        "parent_type",
        "read",
        "resolver",
        "takes_info",
        "typename",
    )
    node: Node

    def __init__(
        self,
        key: str,
        nodes: list[FieldNode],
        definition: GraphQLField,
        parent_type: GraphQLObjectType,
        arguments: Arguments,
        read: Read | None,
    ) -> None:
        self.key = key
        self.name = nodes[0].name.value
        self.nodes = nodes
        self.definition = definition
        self.parent_type = parent_type
        self.typename = parent_type.name
        self.arguments = arguments
        self.read = read
        self.resolver: Callable[..., Any] | None = definition.resolve
        self.takes_info = True

    def info(self, run: Run, parent: Any) -> Any:
        """Build the `info` for this field of the object at `parent`."""
        shared = run.shared_info
        if shared is None:
            shared = run.shared_info = run.info_shape.shared(run)
        cls = run.info_shape.cls
        path = to_path((parent, self.key, self.typename))
        own = (self.name, [*self.nodes], self.definition.type, self.parent_type, path)
        return tuple.__new__(cls, own + shared)

    def resolve(self, run: Run, source: Any, parent: Any) -> Any:
        """Call the resolver; what it raises is returned, which means the same to the caller."""
        try:
            arguments = self.arguments
            if callable(arguments):
                arguments = arguments(run)
            resolver = self.resolver or run.field_resolver
            info = self.info(run, parent) if self.takes_info else None
            return resolver(source, info, **arguments) if arguments else resolver(source, info)
        except Exception as error:  # noqa: BLE001 - becomes a GraphQL error in `finish`
            return error

    def finish(
        self, run: Run, parent: Any, value: Any, waiting: Waiting | None
    ) -> tuple[Any, Waiting | None]:
        """Complete a value with care.

        Returns the completed value and `waiting`, to which an awaitable has been added.

        Raises:
            GraphQLError: located, where the field's type is non-null.
        """
        node = self.node
        path = (parent, self.key, self.typename)
        try:
            if run.is_awaitable(value):
                return self.hold(await_value(run, node, path, value), waiting)
            completed = node.complete(run, value, path)
            if type(completed) in _PLAIN or not run.is_awaitable(completed):
                return completed, waiting
        except Exception as error:  # noqa: BLE001 - becomes a GraphQL error
            return fail(run, error, node, path), waiting
        return self.hold(await_completed(run, node, path, completed), waiting)

    def finish_read(
        self, run: Run, parent: Any, value: Any, waiting: Waiting | None
    ) -> tuple[Any, Waiting | None]:
        """Do the same for a value that stands in for graphql-core's default resolver.

        That one calls what is callable.
        """
        if callable(value):
            try:
                arguments: Any = self.arguments or {}
                value = value(self.info(run, parent), **arguments)
            except Exception as error:  # noqa: BLE001 - becomes a GraphQL error
                value = error
        return self.finish(run, parent, value, waiting)

    def guard(
        self, run: Run, parent: Any, completed: Awaitable[Any], waiting: Waiting | None
    ) -> tuple[Any, Waiting | None]:
        """Put in the waiting line what generated code began to complete."""
        path = (parent, self.key, self.typename)
        return self.hold(await_completed(run, self.node, path, completed), waiting)

    def hold(self, awaitable: Any, waiting: Waiting | None) -> tuple[Any, Waiting]:
        """Add an awaitable to the waiting line."""
        if waiting is None:
            waiting = {}
        waiting[self.key] = awaitable
        return awaitable, waiting

    def fail(self, run: Run, error: Exception, parent: Any) -> None:
        """Handle an error of this field: see `runtime.fail`."""
        fail(run, error, self.node, (parent, self.key, self.typename))
