"""Response paths as plain nested tuples: `(parent, key, typename)`, the root's parent being None.

A tuple display costs a tenth of graphql-core's `Path`, which is only built for an `info` or an
error.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from graphql.pyutils import Path

PathTuple: TypeAlias = tuple[Any, str | int, str | None]


def to_path(path: PathTuple) -> Path:
    """Return the `Path` of a path tuple."""
    parent, key, typename = path
    return Path(None if parent is None else to_path(parent), key, typename)


def path_keys(path: PathTuple) -> list[str | int]:
    """Return the keys from the root to the leaf, as errors show them."""
    keys: list[str | int] = []
    step: PathTuple | None = path
    while step is not None:
        keys.append(step[1])
        step = step[0]
    keys.reverse()
    return keys


def field_path(path: PathTuple) -> PathTuple:
    """Return the path of the field that the list item at `path` belongs to."""
    while type(path[1]) is int:
        path = path[0]
    return path
