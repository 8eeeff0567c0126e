"""Cross-origin resource sharing: whose pages may use the API. Nobody else's unless configured.

Credentials are not allowed: the API knows no cookies, so no page can act in its user's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Collection

SECONDS = "7200"  # for which a browser keeps the answer to a preflight; Chromium takes no more


EXPOSED = "X-Request-Id, Retry-After"


class Cors:
    """Answers preflights, and tells browsers which pages may read an answer.

    Args:
        origins: such as https://app.example.com; "*" is everybody's.
    """

    def __init__(self, origins: Collection[str]) -> None:
        self._is_for_all = "*" in origins
        self._origins = frozenset(origin.lower() for origin in origins)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may use the API."""
        return self._is_for_all or origin.lower() in self._origins

    def allows_socket(self, request: web.Request) -> bool:
        """Whether a WebSocket may be opened: browsers ask nobody before they open one.

        Programs other than browsers send no origin.
        """
        origin = request.headers.get("Origin")
        if origin is None or self.allows(origin):
            return True
        return urlsplit(origin).netloc.lower() == request.host.lower()

    async def on_prepare(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Mark an answer as readable; a signal of the application."""
        if not self._origins:
            return
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is not None and self.allows(origin):
            response.headers["Access-Control-Allow-Origin"] = "*" if self._is_for_all else origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED

    async def preflight(self, request: web.Request) -> web.Response:
        """Answer what a browser asks before it sends the request proper."""
        origin = request.headers.get("Origin")
        if origin is None or not self.allows(origin):
            return web.Response(
                status=403,
                text="Pages of this origin may not use the API. Its operator allows origins with "
                "the setting CORS_ORIGINS.",
            )
        wanted = request.headers.get("Access-Control-Request-Headers", "Content-Type")
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": wanted,
                "Access-Control-Max-Age": SECONDS,
                "Vary": "Access-Control-Request-Headers",
            },
        )
