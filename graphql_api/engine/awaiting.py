"""The coroutines of a run: one shape per place where graphql-core awaits, so that turns agree.

Every sibling of a level has been started before any of these is awaited: a DataLoader sees whole
batches.
"""

from __future__ import annotations

from contextlib import suppress
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql.error import located_error
from graphql.pyutils import gather_with_cancel

from .paths import PathTuple, path_keys
from .runtime import Run, abandon, fail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from .nodes import ListNode, Node

    TopField: TypeAlias = Callable[[Run, Any, None], Any]


async def await_value(run: Run, node: Node, path: PathTuple, value: Awaitable[Any]) -> Any:
    """Await what a resolver (or a list) gave, then complete it."""
    try:
        completed = node.complete(run, await value, path)
        if type(completed) is CoroutineType or run.is_awaitable(completed):
            completed = await completed
    except Exception as error:  # noqa: BLE001 - whatever a resolver raises becomes a GraphQL error
        return fail(run, error, node, path)
    return completed


async def await_completed(run: Run, node: Node, path: PathTuple, value: Awaitable[Any]) -> Any:
    """Await a value whose completion turned out to be asynchronous."""
    try:
        return await value
    except Exception as error:  # noqa: BLE001 - as above
        return fail(run, error, node, path)


async def join_fields(
    results: dict[str, Any], waiting: dict[str, Awaitable[Any]]
) -> dict[str, Any]:
    """Await the fields of an object that are still missing, together."""
    if len(waiting) == 1:
        ((key, value),) = waiting.items()
        results[key] = await value
    else:
        results.update(zip(waiting, await gather_with_cancel(*waiting.values()), strict=True))
    return results


async def join_items(results: list[Any], waiting: dict[int, Awaitable[Any]]) -> list[Any]:
    """Await the items of a list that are still missing, together."""
    if len(waiting) == 1:
        ((index, value),) = waiting.items()
        results[index] = await value
    else:
        values = await gather_with_cancel(*waiting.values())
        for index, value in zip(waiting, values, strict=True):
            results[index] = value
    return results


async def async_items(
    run: Run, node: ListNode, iterator: AsyncIterator[Any], path: PathTuple
) -> list[Any]:
    """Complete the items of an asynchronous iterator as they arrive."""
    results: list[Any] = []
    waiting: dict[int, Awaitable[Any]] | None = None
    try:
        while True:
            try:
                item = await anext(iterator)
            except StopAsyncIteration:
                break
            except Exception as error:
                raise located_error(error, [*node.field.nodes], path_keys(path)) from error
            waiting = node.item.append(run, item, path, results, waiting)
    except Exception:
        await _close(iterator)
        abandon(run, waiting)
        raise
    return results if waiting is None else await join_items(results, waiting)


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):  # the iteration's own error is the one to report
            await close()


async def _run_rest(
    run: Run, results: dict[str, Any], first: Awaitable[dict[str, Any]], rest: Iterator[TopField]
) -> dict[str, Any]:
    results.update(await first)
    for field in rest:
        result = field(run, run.root_value, None)
        results.update(result if type(result) is dict else await result)
    return results


def run_serially(run: Run, fields: list[TopField]) -> Any:
    """Run the top-level fields of a mutation in order; a coroutine from the first awaitable on."""
    results: dict[str, Any] = {}
    rest = iter(fields)
    for field in rest:
        result = field(run, run.root_value, None)
        if type(result) is not dict:
            return _run_rest(run, results, result, rest)
        results.update(result)
    return results
