"""Headers that every answer has. What a page may load is the business of who serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql_api.http.naming import JOURNAL, REQUEST_ID

if TYPE_CHECKING:
    from aiohttp import web

SERVER = "Partyfinder"  # without versions, which say what an attacker may try
PROTECTING = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
)


async def on_prepare(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Add them, unless the answer says otherwise; a signal of the application."""
    protect(response)
    journal = request.get(JOURNAL)
    if journal is not None:
        response.headers[REQUEST_ID] = journal.request_id


def protect(response: web.StreamResponse) -> None:
    """Add them to an answer that no signal reaches."""
    headers = response.headers
    headers["Server"] = SERVER
    for name, value in PROTECTING:
        headers.setdefault(name, value)
