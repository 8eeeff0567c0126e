"""The part of an OpenID provider that browsers meet: discovery, authorization, tokens, sign-out.

As strict as a real one: a code is good once and for its PKCE verifier, and an address to come back
to must be registered.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from tests.support.provider import Provider

CLIENT = "partyfinder-web"
PEOPLE = {"ann": "Ann Archer", "bob": "Bob Baker"}
_PAGE = "<!doctype html><link rel=icon href=data:,><title>Provider</title><h1>Who are you?</h1>"
_FOR_SCRIPTS = {"Access-Control-Allow-Origin": "*"}


class SignInPages:
    """Who may sign in, and how that ends.

    Attributes:
        lifetime: seconds that an access token is good for.
        nonce: put into ID tokens in place of the one that was asked for.
        asked: the authorization requests, in their order.
    """

    def __init__(self) -> None:
        self.lifetime = 600
        self.nonce: str | None = None
        self.asked: list[dict[str, str]] = []
        self.exchanged: list[dict[str, Any]] = []
        self._codes: dict[str, tuple[str, dict[str, str]]] = {}
        self._is_signed_in: str | None = None  # in the only browser

    def __call__(self, application: web.Application, provider: Provider) -> None:
        """Join a provider's application."""
        self._provider = provider
        application.router.add_get("/.well-known/openid-configuration", self._discovery)
        application.router.add_get("/authorize", self._authorize)
        application.router.add_get("/as/{person}", self._sign_in)
        application.router.add_post("/token", self._token)
        application.router.add_get("/logout", self._logout)

    async def _discovery(self, _request: web.Request) -> web.Response:
        issuer = self._provider.issuer
        told = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}authorize",
            "token_endpoint": f"{issuer}token",
            "jwks_uri": f"{issuer}jwks",
            "end_session_endpoint": f"{issuer}logout",
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response(told, headers=_FOR_SCRIPTS)

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        if asked["client_id"] != CLIENT or urlsplit(asked["redirect_uri"]).path != "/signed-in":
            return web.Response(status=400, text="unknown client or address")
        self.asked.append(asked)
        if self._is_signed_in is not None:
            raise web.HTTPFound(self._back(self._is_signed_in, asked))
        links = "".join(
            f'<p><a href="/as/{person}?{escape(urlencode(asked))}">{name}</a></p>'
            for person, name in {**PEOPLE, "nobody": "Cancel"}.items()
        )
        return web.Response(text=_PAGE + links, content_type="text/html")

    async def _sign_in(self, request: web.Request) -> web.Response:
        person = request.match_info["person"]
        if person in PEOPLE:
            self._is_signed_in = person
        raise web.HTTPFound(self._back(person, dict(request.query)))

    def _back(self, person: str, asked: dict[str, str]) -> str:
        told = {"state": asked["state"], "iss": self._provider.issuer}
        if person in PEOPLE:
            told["code"] = secrets.token_urlsafe()
            self._codes[told["code"]] = (person, asked)
        else:
            told["error"] = "access_denied"
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        person, asked = self._codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert "client_secret" not in form
        nonce = self.nonce or asked["nonce"]
        told = {
            "token_type": "Bearer",
            "access_token": self._provider.token(person, aud=asked["audience"]),
            "expires_in": self.lifetime,
            "id_token": self._provider.token(person, aud=CLIENT, nonce=nonce, name=PEOPLE[person]),
        }
        self.exchanged.append(told)
        return web.json_response(told, headers=_FOR_SCRIPTS)

    async def _logout(self, request: web.Request) -> web.Response:
        assert request.query["client_id"] == CLIENT
        assert request.query["id_token_hint"]
        self._is_signed_in = None
        raise web.HTTPFound(request.query["post_logout_redirect_uri"])
