"""Cross-site request forgery: what any web page can make a browser send, without being asked.

Across origins a browser first asks (a CORS preflight) before it sends JSON or a header of the
caller's own. POST takes nothing but JSON (`request.py`), so it is asked for always. A GET of a
query is asked for only with such a header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from aiohttp import web

FORCING = (
    "X-Requested-With",
    "GraphQL-Require-Preflight",
    "Apollo-Require-Preflight",
    "X-Apollo-Operation-Name",
)
SIMPLE_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def refuse_simple(request: web.Request) -> None:
    """Refuse a request that a browser sends to any site without a preflight.

    Raises:
        BadRequestError: with what makes it acceptable.
    """
    if is_simple(request):
        raise BadRequestError(
            "Any web page could make a browser send this request. Add the header "
            "GraphQL-Require-Preflight: 1, or send a POST with Content-Type: application/json.",
            403,
            code=ErrorCode.FORBIDDEN,
        )


def is_simple(request: web.Request) -> bool:
    """Whether a browser would send this from another origin's page without asking first.

    Sec-Fetch-Site is written by browsers alone; no page can set it.
    """
    headers = request.headers
    if headers.get("Sec-Fetch-Site") == "same-origin":
        return False
    if any(name in headers for name in FORCING):
        return False
    return "Content-Type" not in headers or request.content_type in SIMPLE_TYPES
