"""An OpenID provider: real keys, published over HTTP, exchanged and taken away by tests."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.api import Api

AUDIENCE = "https://parties.example/"
MODERATOR = "moderate:parties"


@dataclass(frozen=True)
class Key:
    """A pair of keys of the provider's."""

    key_id: str | None
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        """As it is published."""
        makers: dict[str, Any] = {"RS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}
        jwk = makers[self.algorithm[:2]].to_jwk(self.private.public_key(), as_dict=True)
        named = {} if self.key_id is None else {"kid": self.key_id}
        return {**jwk, **named, "alg": self.algorithm, "use": "sig"}

    @property
    def pem(self) -> bytes:
        """The public key, as a file has it."""
        found: bytes = self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return found


def a_key(key_id: str | None, algorithm: str = "RS256") -> Key:
    """A new pair."""
    private: Any
    if algorithm == "RS256":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    return Key(key_id, algorithm, private)


class Provider:
    """Signs tokens, and publishes the keys to verify them with.

    Attributes:
        fetches: how often the keys were asked for.
        is_away: whether it answers 503 to that.
    """

    def __init__(self) -> None:
        self.keys = [a_key("first")]
        self.fetches = 0
        self.is_away = False
        self.issuer = ""

    @property
    def settings(self) -> dict[str, Any]:
        """What a server is configured with."""
        return {
            "auth_issuer": self.issuer,
            "auth_audience": AUDIENCE,
            "auth_jwks_url": f"{self.issuer}jwks",
        }

    def claims(self, person: str, **more: Any) -> dict[str, Any]:
        """What a token says; a claim of None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": person,
            "iat": now,
            "exp": now + 600,
            **more,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, person: str, key: Key | None = None, **more: Any) -> str:
        """A person's token, signed with the newest key unless told otherwise."""
        key = key or self.keys[-1]
        headers = {} if key.key_id is None else {"kid": key.key_id}
        return jwt.encode(self.claims(person, **more), key.private, key.algorithm, headers)

    def rotate(self, key_id: str, algorithm: str = "RS256", *, keeps: bool = False) -> None:
        """Sign with another key from now on; the others are taken back unless it keeps them."""
        self.keys = [*(self.keys if keeps else []), a_key(key_id, algorithm)]

    async def answer(self, _request: web.Request) -> web.Response:
        """Publish the keys."""
        self.fetches += 1
        if self.is_away:
            return web.Response(status=503, text="away")
        # Keycloak publishes a key for encryption as well, under an algorithm that signs nothing.
        also = {**self.keys[0].public, "kid": "enc", "use": "enc", "alg": "RSA-OAEP"}
        return web.json_response({"keys": [also, *(key.public for key in self.keys)]})


@asynccontextmanager
async def a_provider(
    *additions: Callable[[web.Application, Provider], None],
) -> AsyncIterator[Provider]:
    """A provider at an address of its own, with additions to what it answers."""
    provider = Provider()
    application = web.Application()
    application.router.add_get("/jwks", provider.answer)
    for add in additions:
        add(application, provider)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    provider.issuer = f"http://{host}:{port}/"
    try:
        yield provider
    finally:
        await runner.cleanup()


def signed_in(api: Api, provider: Provider, person: str, **more: Any) -> Api:
    """The same API, as this person uses it."""
    return replace(api, headers=bearer(provider.token(person, **more)))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
