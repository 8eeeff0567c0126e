"""Units of source turned into functions, readable by debuggers and gone with their plan."""

from __future__ import annotations

import linecache
import weakref
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import Undefined

from .awaiting import join_fields, join_items, run_serially
from .emit import Unit
from .kinds import KINDS, MAPPING, is_mapping
from .plan import Selection
from .runtime import Run, abandon, abandon_items, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from .plan import Variant

_UNITS = count(1)


def unread(error: Exception, by_key: bool) -> Exception | None:  # noqa: FBT001 - called by generated code
    """Return what the default resolver makes of a failed read: a missing attribute is null."""
    return None if isinstance(error, AttributeError) and not by_key else error


_RUNTIME: dict[str, Any] = {
    "INF": inf,
    "Undefined": Undefined,
    "KINDS": KINDS,
    "MAPPING": MAPPING,
    "abandon": abandon,
    "abandon_items": abandon_items,
    "fail": fail,
    "is_mapping": is_mapping,
    "join_fields": join_fields,
    "join_items": join_items,
    "unread": unread,
}


class Source(NamedTuple):
    """A generated unit as `explain` prints it."""

    filename: str
    text: str


def compile_root(variant: Variant, *, serially: bool) -> Callable[[Run], Any]:
    """Compile an operation's selection set.

    Returns a function: run → data, or an awaitable of it.
    """
    selection = variant.selection
    unit = Unit()
    if not serially:
        unit.object(selection, "operation")
        unit.write_functions()
        execute = _load(variant, unit)["operation"]
        return lambda run: execute(run, run.root_value, None)
    names: list[str] = []
    for key, field in selection.fields.items():
        names.append(f"operation_{key}")
        unit.object(Selection(selection.type, {key: field}), names[-1])
    unit.write_functions()
    namespace = _load(variant, unit)
    fields = [namespace[name] for name in names]
    return lambda run: run_serially(run, fields)


def compile_object(variant: Variant, selection: Selection) -> Callable[[Run, Any, Any], Any]:
    """Compile a selection that had been left for later."""
    unit = Unit()
    unit.object(selection, "execute")
    unit.write_functions()
    execute: Callable[[Run, Any, Any], Any] = _load(variant, unit)["execute"]
    return execute


def _load(variant: Variant, unit: Unit) -> dict[str, Any]:
    filename = f"<graphql {next(_UNITS)}>"
    source = unit.source
    namespace: dict[str, Any] = {**_RUNTIME, **unit.constants}
    exec(compile(source, filename, "exec"), namespace)  # noqa: S102 - what the engine is for
    for node, attribute, name in unit.functions:
        setattr(node, attribute, namespace[name])
    variant.sources.append(Source(filename, source))
    # Size, no time, so that `linecache.checkcache` leaves the entry alone.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(variant, linecache.cache.pop, filename, None)
    return namespace
