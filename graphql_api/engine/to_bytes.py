"""Response bodies: JSON through orjson, and what an HTTP layer needs to know beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLError

    from .documents import Refusal

# What `json.dumps` refuses is refused here as well.
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Response(NamedTuple):
    """A response ready to be sent.

    Attributes:
        body: the JSON text, UTF-8.
        refusal: the step that refused the request before execution, None when it was executed.
        has_data: `data` is there and not null.
        has_errors: there are errors; with `has_data`, the result is partial.
    """

    body: bytes
    refusal: Refusal | None
    has_data: bool
    has_errors: bool


def format_error(error: GraphQLError, refusal: Refusal | None) -> dict[str, Any]:  # noqa: ARG001
    """Format an error as graphql-core does; the signature that custom formatters have."""
    return dict(error.formatted)


def to_response(
    data: dict[str, Any] | None,
    errors: list[GraphQLError] | None,
    refusal: Refusal | None,
    formatter: Callable[[GraphQLError, Refusal | None], dict[str, Any]] = format_error,
    extensions: dict[str, Any] | None = None,
) -> Response:
    """Return the response for a result; a refused request has no `data` entry."""
    body: dict[str, Any] = {} if refusal is not None else {"data": data}
    if errors:
        body["errors"] = [formatter(error, refusal) for error in errors]
    if extensions:
        body["extensions"] = extensions
    return Response(to_json(body), refusal, data is not None, bool(errors))


def to_json(value: Any) -> bytes:
    """Return compact JSON.

    orjson is strict where `json` is not (integers beyond 64 bits, lone surrogates, keys that are
    no strings): those few go through `json`.

    Raises:
        TypeError: a value has no JSON form.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
