"""The web client and GraphiQL, as `web/` is built into `graphql_api/web/`.

Without a build there is the landing page in place of both. Names of assets carry a hash of their
content, so browsers keep them for good; pages are asked for anew each time. Vite has laid a
compressed copy beside each file, and aiohttp sends it to who takes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http.landing import landing

if TYPE_CHECKING:
    from graphql_api.http.sign_in_offer import SignInOffer

BUILT = Path(__file__).parents[1] / "web"
# What the client shows a page for (web/src/main.tsx); `/` is always there.
DEEP_LINKS = ("/new", "/city/{name}", "/party/{id}", "/mine", "/signed-in")
COMPRESSED = (".br", ".gz")

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_PAGE = {
    "Cache-Control": "no-cache",
    "Vary": "Accept",  # at /graphql programs get JSON
}
_OWN_ALONE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src {connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Monaco, GraphiQL's editor, writes style elements and draws with data: images.
_OWN_AND_STYLES = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class WebClient:
    """Answers with what was built.

    Args:
        directory: where `index.html`, `graphiql.html` and `assets/` are, or are not.
        offer: how the client signs people in; None where nobody signs in.
    """

    def __init__(self, directory: Path = BUILT, offer: SignInOffer | None = None) -> None:
        self._directory = directory
        self._offer = offer
        self._index: str | None = None  # where it differs from what was built
        self._assets = frozenset(
            path.name for path in (directory / "assets").glob("*") if path.suffix not in COMPRESSED
        )

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve the client's pages and what they load."""
        if not (self._directory / "index.html").is_file():
            router.add_get("/", landing)
            return
        if self._offer is not None:
            self._index = self._offer.written_into((self._directory / "index.html").read_text())
        for path in ("/", *DEEP_LINKS):
            router.add_get(path, self.page)
        router.add_get("/assets/{name}", self.asset)

    async def page(self, _request: web.Request) -> web.StreamResponse:
        """The client, which shows the page of whatever address it is opened at."""
        if self._index is None or self._offer is None:
            return self._html("index.html", _OWN_ALONE.format(connect="'self'"))
        policy = _OWN_ALONE.format(connect=self._offer.connect_sources)
        headers = {**_PAGE, "Content-Security-Policy": policy}
        return web.Response(text=self._index, content_type="text/html", headers=headers)

    async def graphiql(self, request: web.Request) -> web.StreamResponse:
        """GraphiQL; the landing page where it was not built."""
        if not (self._directory / "graphiql.html").is_file():
            return await landing(request)
        return self._html("graphiql.html", _OWN_AND_STYLES)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """A script, style sheet, font or picture."""
        name = request.match_info["name"]
        if name not in self._assets:
            raise web.HTTPNotFound
        return web.FileResponse(self._directory / "assets" / name, headers=_FOREVER)

    def _html(self, name: str, policy: str) -> web.FileResponse:
        headers = {**_PAGE, "Content-Security-Policy": policy}
        return web.FileResponse(self._directory / name, headers=headers)
