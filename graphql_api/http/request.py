"""From an HTTP request or a socket's message to GraphQL ones; what cannot be one is told why."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
from aiohttp import web

from graphql_api.deadlines import Deadline
from graphql_api.errors import ERRORS_TOLD, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDictProxy

JSON = ("application/json", "application/graphql-response+json")
TIMEOUT = "Request-Timeout"
DEADLINE = web.RequestKey("deadline", Deadline)
_TEXT, _OBJECT = (str, type(None)), (dict, type(None))
_FORM = (
    ("query", _TEXT, "a string with a GraphQL document"),
    ("documentId", _TEXT, "a string"),
    ("variables", _OBJECT, "an object"),
    ("operationName", _TEXT, "a string"),
    ("extensions", _OBJECT, "an object"),
)
ENCODINGS = ("", "identity", "gzip", "deflate")


class Sender(Protocol):
    """What is looked at of a request beside its body; aiohttp's are such, and the short way's."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """Its headers."""

    @property
    def remote(self) -> str | None:
        """The address that it came from."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Note something for whoever else deals with the request."""


class GraphQLRequest(NamedTuple):
    """What is to be run.

    Args:
        query: the document's text; None where its id stands for it.
        document_id: the id or hash of a trusted document.
        extensions: what else the client asks for.
        body: the bytes that said so, where whoever sends the same wants the same; None where more
            than they counts.
    """

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    document_id: str | None = None
    extensions: dict[str, Any] | None = None
    body: bytes | None = None


class BadRequestError(Exception):
    """A request that carries no GraphQL request, or one that is not run.

    Args:
        status: the HTTP status that says so.
    """

    def __init__(
        self,
        message: str,
        status: int = 400,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self._code = code

    def told(self) -> dict[str, Any]:
        """The error that its client reads, counted."""
        ERRORS_TOLD[self._code] += 1
        return {"message": str(self), "extensions": {"code": self._code}}


async def read_post(
    request: web.Request, timeout: float, variables_limit: int, batch_limit: int = 0
) -> GraphQLRequest | list[GraphQLRequest]:
    """The GraphQL request in a POST's body, or those of a batch.

    Args:
        timeout: seconds that the body may take to arrive.
        variables_limit: the most bytes that a request's variables may have.

    Raises:
        BadRequestError: it has none.
    """
    _check_form(request)
    try:
        text = await _read_body(request, timeout)
    except web.HTTPRequestEntityTooLarge:
        raise BadRequestError(
            f"The body is larger than {request.client_max_size} bytes, the most that is read here.",
            413,
        ) from None
    except TimeoutError:
        raise BadRequestError("The body did not arrive in time.", 408) from None
    except web.RequestPayloadError:
        raise BadRequestError("The body is not what its Content-Encoding says.") from None
    return parse_post(text, request, variables_limit, batch_limit)


def parse_post(
    text: bytes, request: Sender, variables_limit: int, batch_limit: int
) -> GraphQLRequest | list[GraphQLRequest]:
    """The GraphQL request in a POST's body, or those of a batch; see `read_post`.

    Raises:
        BadRequestError: it has none.
    """
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequestError("The body is not JSON.") from None
    if isinstance(body, list):
        asked: GraphQLRequest | list[GraphQLRequest] = _read_batch(body, batch_limit)
    else:
        asked = parse_request(body, None if TIMEOUT in request.headers else text)
    if len(text) > variables_limit:  # smaller bodies have no larger variables
        _check_variables(asked if isinstance(asked, list) else [asked], variables_limit)
    return asked


def timeout_of(request: Sender, most: float) -> float:
    """The seconds that a request may take: `most`, or fewer where it says so itself.

    Raises:
        BadRequestError: what it says is no number of seconds.
    """
    given = request.headers.get(TIMEOUT)
    if given is None:
        return most
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < inf:
        raise BadRequestError(f"{TIMEOUT} must be a number of seconds, such as 2.5.")
    return min(seconds, most)


async def _read_body(request: web.Request, timeout: float) -> bytes:
    if request.content.is_eof():  # as it mostly is, and a timer costs
        return await request.read()
    async with asyncio.timeout(timeout):
        return await request.read()


def read_get(request: web.Request) -> GraphQLRequest:
    """The GraphQL request in a GET's query string.

    Raises:
        BadRequestError: it has none.
    """
    body: dict[str, Any] = dict(request.query)
    for name in ("variables", "extensions"):
        if name in body:
            try:
                body[name] = orjson.loads(body[name])
            except orjson.JSONDecodeError:
                raise BadRequestError(f"{name} is not JSON.") from None
    return parse_request(body)


def parse_request(body: object, text: bytes | None = None) -> GraphQLRequest:
    """The GraphQL request that a decoded JSON value is.

    Args:
        text: what it was decoded from, where nothing else counts.

    Raises:
        BadRequestError: it is none.
    """
    if not isinstance(body, dict):
        raise BadRequestError('The body must be a JSON object with a "query".')
    for name, kinds, expected in _FORM:
        if not isinstance(body.get(name), kinds):
            raise BadRequestError(f"{name} must be {expected}.")
    query, document_id = body.get("query") or None, _document_id(body)
    if query is None and document_id is None:
        raise BadRequestError("query must be a string with a GraphQL document.")
    return GraphQLRequest(
        query,
        body.get("variables"),
        body.get("operationName") or None,
        document_id,
        body.get("extensions"),
        text,
    )


def _document_id(body: Mapping[str, Any]) -> str | None:
    """By the draft's name for it, or in the extension that Apollo's clients send."""
    given = body.get("documentId")
    if given is None:
        persisted = (body.get("extensions") or {}).get("persistedQuery")
        given = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return given if isinstance(given, str) and given else None


def _check_form(request: web.Request) -> None:
    """Refuse bodies in any other form than JSON in UTF-8.

    The refusal of forms and plain text is also what keeps other sites' pages from posting here:
    a browser asks before it sends JSON across origins, and it does not before it sends a form.
    """
    if request.content_type not in JSON or "Content-Type" not in request.headers:
        raise BadRequestError(
            "Send the request as Content-Type: application/json.",
            415,
            headers={"Accept-Post": JSON[0]},
        )
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise BadRequestError("Send the request in UTF-8.", 415)
    if request.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        raise BadRequestError(
            "Send the body as it is, or with Content-Encoding: gzip or deflate.",
            415,
            headers={"Accept-Encoding": "gzip, deflate"},
        )


def _read_batch(bodies: list[Any], limit: int) -> list[GraphQLRequest]:
    if limit == 0:
        raise BadRequestError("Send one operation per request: this server takes no batches.")
    if not 0 < len(bodies) <= limit:
        raise BadRequestError(f"A batch holds 1 to {limit} operations, not {len(bodies)}.")
    return [parse_request(body) for body in bodies]


def _check_variables(batch: list[GraphQLRequest], limit: int) -> None:
    for asked in batch:
        size = len(orjson.dumps(asked.variables))
        if size > limit:
            raise BadRequestError(
                f"The variables have {size:,} bytes; {limit:,} is the most that is read here.",
                413,
                code=ErrorCode.OPERATION_TOO_COMPLEX,
            )
