"""From a bearer token, a JSON Web Token of the configured provider, to the caller it speaks for.

After RFC 8725 (best practices): algorithms are pinned and asymmetric, a key fixes the one that it
verifies, and issuer, audience, times and subject are required.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from jwt.exceptions import InvalidSubjectError

from graphql_api.caller import Caller
from graphql_api.errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Keys(Protocol):
        """Where keys are found."""

        async def find(self, key_id: str | None) -> jwt.PyJWK:
            """The key of an id.

            Raises:
                UnauthenticatedError: there is none.
                IdentityProviderUnavailableError: that cannot be told at the moment.
            """


LONGEST_TOKEN = 16_384
LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
REQUIRED = ("iss", "aud", "exp", "sub")
SCOPE_CLAIMS = ("scope", "scp", "permissions")  # RFC 8693; Okta and Entra; Auth0's roles


@dataclass(frozen=True)
class Expected:
    """What a token must say.

    Args:
        algorithms: asymmetric ones only.
        clock_skew: seconds by which the provider's clock may differ from ours.
        moderator_scope: what lets its holder change parties of other hosts.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    clock_skew: float
    moderator_scope: str


class Tokens:
    """Verifies tokens."""

    def __init__(self, keys: Keys, expected: Expected) -> None:
        self._keys = keys
        self._expected = expected

    async def caller(self, token: str) -> Caller:
        """Whom a token speaks for.

        Raises:
            UnauthenticatedError: nobody; the message says what is wrong with it.
            IdentityProviderUnavailableError: its key cannot be had at the moment.
        """
        if len(token) > LONGEST_TOKEN:
            raise UnauthenticatedError("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._expected.algorithms:
                raise UnauthenticatedError("The token is signed with an algorithm not taken here.")
            claims = self._claims(token, await self._keys.find(header.get("kid")))
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(_sentence(error)) from None
        return self._caller(claims)

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        expected = self._expected
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=expected.issuer,
            audience=expected.audience,
            leeway=expected.clock_skew,
            options={"require": list(REQUIRED)},
        )

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        subject = claims["sub"]
        if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise UnauthenticatedError("The token names nobody: its sub cannot be used.")
        return Caller(
            person=subject,
            may_change=True,
            may_moderate=self._expected.moderator_scope in _scopes(claims),
            expires_at=float(claims["exp"]) + self._expected.clock_skew,
        )


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    """Everything that the token's holder may do, by whichever name the provider has for it."""
    scopes: set[str] = set()
    for name in SCOPE_CLAIMS:
        claim = claims.get(name)
        if isinstance(claim, str):
            scopes.update(claim.split())
        elif isinstance(claim, list):
            scopes.update(each for each in claim if isinstance(each, str))
    return scopes


def _sentence(error: jwt.PyJWTError) -> str:
    """What is wrong with a token, in a sentence that repeats nothing of it."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence
    return "The token cannot be read."


_SENTENCES: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidSignatureError: "The token's signature is wrong.",
    jwt.MissingRequiredClaimError: f"The token lacks one of {', '.join(REQUIRED)}.",
    InvalidSubjectError: "The token names nobody: its sub cannot be used.",
    jwt.InvalidAlgorithmError: "The token is signed with an algorithm not taken here.",
    jwt.InvalidKeyError: "The token is signed with an algorithm not taken here.",
}
