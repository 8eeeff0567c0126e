"""GraphQL errors as clients see them: a stable code, and no text that was not written for them."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from graphql import GraphQLError

from graphql_api.engine import Refusal
from graphql_api.errors import ERRORS_TOLD, ErrorCode, PartyfinderError

logger = logging.getLogger(__name__)


_REFUSALS = {
    Refusal.LIMITS: ErrorCode.OPERATION_TOO_COMPLEX,
    Refusal.PARSING: ErrorCode.GRAPHQL_PARSE_FAILED,
    Refusal.VALIDATION: ErrorCode.GRAPHQL_VALIDATION_FAILED,
    Refusal.OPERATION: ErrorCode.BAD_USER_INPUT,
    Refusal.OPERATION_TYPE: ErrorCode.BAD_USER_INPUT,
    Refusal.VARIABLES: ErrorCode.BAD_USER_INPUT,
}


def format_error(error: GraphQLError, refusal: Refusal | None) -> dict[str, Any]:
    """An error of a response.

    Args:
        refusal: at which step the request was refused; None where it was executed.
    """
    formatted: dict[str, Any] = dict(error.formatted)
    fault = _cause(error)
    if isinstance(fault, PartyfinderError) and fault.code is not ErrorCode.INTERNAL_SERVER_ERROR:
        formatted["message"] = fault.message
        formatted["extensions"] = fault.extensions
    elif refusal is not None:
        formatted["extensions"] = {"code": _REFUSALS[refusal], **(error.extensions or {})}
    elif fault is None:
        # graphql-core's own: an argument that cannot be coerced.
        formatted["extensions"] = {"code": ErrorCode.BAD_USER_INPUT}
    else:
        formatted["message"], formatted["extensions"] = masked(fault)
        return formatted  # counted already
    ERRORS_TOLD[formatted["extensions"]["code"]] += 1
    return formatted


def _cause(error: GraphQLError) -> BaseException | None:
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def masked(fault: BaseException | None) -> tuple[str, dict[str, Any]]:
    """What a client reads about something unexpected: the reference that the log has it under."""
    ERRORS_TOLD[ErrorCode.INTERNAL_SERVER_ERROR] += 1
    reference = secrets.token_hex(6)
    detail = getattr(fault, "detail", "")
    logger.error("unexpected error %s %s", reference, detail, exc_info=fault)
    message = f"Something went wrong inside the server. Its log knows this as {reference}."
    return message, {"code": ErrorCode.INTERNAL_SERVER_ERROR, "reference": reference}
