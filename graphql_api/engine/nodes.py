"""The types that a field's value runs through, one node each: how a value is completed with care.

Generated code deals with the plain values itself and comes here for everything else: awaitables,
exceptions, nulls, odd classes, abstract types. The algorithm is "CompleteValue" of the GraphQL
specification as graphql-core's `Executor` has it, messages included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLError
from graphql.pyutils import Undefined, inspect, is_iterable
from graphql.type import (
    GraphQLAbstractType,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    is_object_type,
)

from .awaiting import async_items, await_completed, await_value
from .paths import PathTuple, field_path
from .runtime import Run, fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql.execution.collect_fields import FieldDetailsList

    from .adapter import EnumNames, TypeCheck
    from .fields import Field
    from .plan import Selection

_PLAIN = (str, int, float, bool, dict, list)


class Node:
    """One level of a field's type.

    Attributes:
        field: the field whose value, or part of whose value, this is.
        type: the GraphQL type without its non-null wrapper.
        required: whether that wrapper is there.
        propagates: whether an error here nulls the parent: required, unless the operation says
            that errors do not propagate.
    """

    __slots__ = ("field", "propagates", "required", "type")
    type: GraphQLOutputType

    def __init__(self, field: Field, type_: Any, *, required: bool, propagates: bool) -> None:
        self.field = field
        self.type = type_
        self.required = required
        self.propagates = required and propagates

    def complete(self, run: Run, value: Any, path: PathTuple) -> Any:
        """Return the completed value, or an awaitable of it.

        Raises:
            Exception: whatever went wrong, not yet located.
        """
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            if self.required:
                raise self.null_error()
            return None
        return self.complete_present(run, value, path)

    def complete_present(self, run: Run, value: Any, path: PathTuple) -> Any:
        """Complete a value that is neither an exception nor null."""
        raise NotImplementedError

    def null_error(self) -> TypeError:
        """Return the error for null where the type does not allow it."""
        field = self.field
        return TypeError(
            f"Cannot return null for non-nullable field {field.parent_type}.{field.name}."
        )

    def append(
        self,
        run: Run,
        value: Any,
        path: PathTuple,
        results: list[Any],
        waiting: dict[int, Awaitable[Any]] | None,
    ) -> dict[int, Awaitable[Any]] | None:
        """Complete a list item with care and append it; an awaitable also goes into `waiting`."""
        index = len(results)
        item_path = (path, index, None)
        try:
            if run.is_awaitable(value):
                completed: Any = await_value(run, self, item_path, value)
            else:
                completed = self.complete(run, value, item_path)
                if type(completed) in _PLAIN or not run.is_awaitable(completed):
                    results.append(completed)
                    return waiting
                completed = await_completed(run, self, item_path, completed)
        except Exception as error:  # noqa: BLE001 - becomes a GraphQL error
            results.append(fail(run, error, self, item_path))
            return waiting
        return self.append_awaitable(completed, results, waiting)

    def append_joined(
        self,
        run: Run,
        joined: Awaitable[Any],
        path: PathTuple,
        results: list[Any],
        waiting: dict[int, Awaitable[Any]] | None,
    ) -> dict[int, Awaitable[Any]]:
        """Append an object of a list, some fields of which are still awaited."""
        guarded = await_completed(run, self, (path, len(results), None), joined)
        return self.append_awaitable(guarded, results, waiting)

    @staticmethod
    def append_awaitable(
        awaitable: Awaitable[Any],
        results: list[Any],
        waiting: dict[int, Awaitable[Any]] | None,
    ) -> dict[int, Awaitable[Any]]:
        """Append an awaitable whose errors are taken care of."""
        if waiting is None:
            waiting = {}
        waiting[len(results)] = awaitable
        results.append(awaitable)
        return waiting


class LeafNode(Node):
    """A scalar or an enum; `names` is set for a Python enum."""

    __slots__ = ("names",)
    type: GraphQLLeafType
    names: EnumNames | None

    def complete(self, run: Run, value: Any, path: PathTuple) -> Any:  # noqa: ARG002
        """Coerce the value as the type defines."""
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            if self.required:
                raise self.null_error()
            return None
        coerced = self.type.coerce_output_value(value)
        if coerced is None or coerced is Undefined:
            raise TypeError(
                f"Expected `{inspect(self.type)}.coerce_output_value({inspect(value)})` to return"
                f" non-nullable value, returned: {inspect(coerced)}"
            )
        return coerced


class ListNode(Node):
    """A list; `items` is the generated loop: (run, values, path) → list, or a coroutine of it."""

    __slots__ = ("item", "items")
    item: Node
    items: Callable[[Run, Any, PathTuple], Any]

    def complete_present(self, run: Run, value: Any, path: PathTuple) -> Any:
        """Complete the items of an iterable, or of an asynchronous one."""
        if run.is_async_iterable(value):
            return async_items(run, self, value.__aiter__(), path)
        if not is_iterable(value):
            field = self.field
            raise GraphQLError(
                "Expected Iterable, but did not find one for field"
                f" '{field.parent_type}.{field.name}'."
            )
        return self.items(run, value, path)


class ObjectNode(Node):
    """An object; `execute` is generated: (run, source, path) → dict, or a coroutine of it."""

    __slots__ = ("check", "execute", "selection")
    type: GraphQLObjectType
    selection: Selection | None
    check: TypeCheck | None
    execute: Callable[[Run, Any, Any], Any]

    def complete_present(self, run: Run, value: Any, path: PathTuple) -> Any:
        """Execute the selected fields, once `is_type_of` (if there is one) agrees."""
        check = self.check
        if check is not None:
            if not check.allows(value):
                raise self.wrong_type(value)
        elif self.type.is_type_of:
            agreed = self.type.is_type_of(value, self.field.info(run, field_path(path)[0]))
            if run.is_awaitable(agreed):
                return self._execute_later(run, cast("Awaitable[Any]", agreed), value, path)
            if not agreed:
                raise self.wrong_type(value)
        return self.execute(run, value, path)

    async def _execute_later(
        self, run: Run, agreed: Awaitable[Any], value: Any, path: PathTuple
    ) -> Any:
        if not await agreed:
            raise self.wrong_type(value)
        results = self.execute(run, value, path)
        return results if type(results) is dict else await results

    def wrong_type(self, value: Any) -> GraphQLError:
        """Return the error for a value that `is_type_of` refused."""
        return GraphQLError(
            f"Expected value of type '{self.type}' but got: {inspect(value)}.",
            [*self.field.nodes],
        )


class AbstractNode(Node):
    """An interface or a union: asks for the runtime type, then goes on with that type's node."""

    __slots__ = ("details", "quick_name", "selection_for", "targets")
    type: GraphQLAbstractType
    details: FieldDetailsList
    quick_name: Callable[[Any], str | None] | None
    selection_for: Callable[[GraphQLObjectType], ObjectNode]
    targets: dict[str, ObjectNode]

    def complete_present(self, run: Run, value: Any, path: PathTuple) -> Any:
        """Determine the runtime type and complete the value for it."""
        quick = self.quick_name
        name: Any = quick(value) if quick is not None else None
        if name is None:
            resolve = self.type.resolve_type or run.type_resolver
            name = resolve(value, self.field.info(run, field_path(path)[0]), self.type)
            if run.is_awaitable(name):
                return self._complete_later(run, name, value, path)
        target = self.targets.get(name) if type(name) is str else None
        if target is None:
            target = self.target(run, name, value)
        return target.complete_present(run, value, path)

    async def _complete_later(
        self, run: Run, name: Awaitable[Any], value: Any, path: PathTuple
    ) -> Any:
        completed = self.target(run, await name, value).complete_present(run, value, path)
        return await completed if run.is_awaitable(completed) else completed

    def target(self, run: Run, name: Any, value: Any) -> ObjectNode:
        """Return the node of the runtime type, made at its first appearance.

        Raises:
            GraphQLError: the name is none, or not that of a possible object type.
        """
        runtime_type = self._runtime_type(run, name, value)
        target = self.targets.get(runtime_type.name)
        if target is None:
            target = self.targets[runtime_type.name] = self.selection_for(runtime_type)
        return target

    def _runtime_type(self, run: Run, name: Any, value: Any) -> GraphQLObjectType:
        schema = run.operation.schema
        if not isinstance(name, str):
            raise self._refuse(self._unresolved(name, value))
        runtime_type = schema.get_type(name)
        if runtime_type is None:
            raise self._refuse(
                f"Abstract type '{self.type}' was resolved to a type"
                f" '{name}' that does not exist inside the schema."
            )
        if not is_object_type(runtime_type):
            raise self._refuse(
                f"Abstract type '{self.type}' was resolved to a non-object type '{name}'."
            )
        if not schema.is_sub_type(self.type, runtime_type):
            raise self._refuse(
                f"Runtime Object type '{runtime_type}' is not a possible type for '{self.type}'."
            )
        return runtime_type

    def _unresolved(self, name: Any, value: Any) -> str:
        field = self.field
        start = (
            f"Abstract type '{self.type}' must resolve to an Object type at runtime"
            f" for field '{field.parent_type}.{field.name}'"
        )
        if name is None:
            return (
                f"{start}. Either the '{self.type}' type should provide a 'resolve_type' function"
                " or each possible type should provide an 'is_type_of' function."
            )
        return (
            f"{start} with value {inspect(value)}, received '{inspect(name)}',"
            " which is not a valid Object type name."
        )

    def _refuse(self, message: str) -> GraphQLError:
        return GraphQLError(message, [*self.field.nodes])
