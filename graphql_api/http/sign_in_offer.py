"""What the web client is told of signing in: a meta element of its page.

In the page itself, so that it is known before the first thing is drawn and costs no request.
Nothing in it is secret: a public client has no secret, and the rest a provider publishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from graphql_api.settings import Settings

NAME = "partyfinder-sign-in"  # web/src/sign-in/offer.ts reads it


@dataclass(frozen=True)
class SignInOffer:
    """How a browser gets a token.

    Args:
        issuer: the provider; its endpoints are discovered from there.
        client_id: the page's own name at the provider; None where it has none and only reads.
        scopes: what it asks for, separated by spaces.
        audience: whom tokens are for.
    """

    issuer: str
    client_id: str | None
    scopes: str
    audience: str

    @property
    def connect_sources(self) -> str:
        """Whom the page may call, for its Content-Security-Policy: the provider where it must."""
        if self.client_id is None:
            return "'self'"
        issuer = urlsplit(self.issuer)
        return f"'self' {issuer.scheme}://{issuer.netloc}"

    def written_into(self, page: str) -> str:
        """A page of HTML that carries the offer."""
        told = {
            "issuer": self.issuer,
            "clientId": self.client_id,
            "scopes": self.scopes,
            "audience": self.audience,
        }
        content = escape(orjson.dumps(told).decode())
        return page.replace("<head>", f'<head>\n    <meta name="{NAME}" content="{content}" />', 1)


def offer_of(settings: Settings) -> SignInOffer | None:
    """The offer that is configured, if any."""
    if settings.auth_issuer is None or settings.auth_audience is None:
        return None
    return SignInOffer(
        issuer=settings.auth_issuer,
        client_id=settings.auth_client_id,
        scopes=settings.auth_scopes,
        audience=settings.auth_audience,
    )
