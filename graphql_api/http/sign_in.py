"""Who sends a request: the bearer token of its headers, or of a WebSocket's connection_init."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql_api.caller import ANYBODY, NOBODY, Caller
from graphql_api.errors import IdentityProviderUnavailableError, UnauthenticatedError
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql_api.http.request import Sender
    from graphql_api.identity.tokens import Tokens

SCHEME = "bearer"
RETRY_AFTER = "5"  # seconds


class SignIn:
    """Finds out who is calling.

    Args:
        tokens: verifies tokens; None where no provider is configured and anybody may do anything.
    """

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens

    async def caller(self, request: Sender) -> Caller:
        """Who sends a request.

        Raises:
            BadRequestError: its token is unusable.
        """
        return await self._caller(request.headers.get("Authorization"))

    async def caller_over(self, payload: Mapping[str, Any] | None, opened_by: Caller) -> Caller:
        """Who initialises a socket; where that does not say, who opened it.

        Raises:
            BadRequestError: the token is unusable.
        """
        for name, value in (payload or {}).items():
            if name.lower() == "authorization":
                return await self._caller(value)
        return opened_by

    async def _caller(self, authorization: object) -> Caller:
        if self._tokens is None:
            return ANYBODY
        if authorization is None:
            return NOBODY
        try:
            return await self._tokens.caller(_token(authorization))
        except UnauthenticatedError as error:
            raise unauthenticated(error) from None
        except IdentityProviderUnavailableError as error:
            headers = {"Retry-After": RETRY_AFTER}
            raise BadRequestError(error.message, 503, code=error.code, headers=headers) from None


def unauthenticated(error: UnauthenticatedError) -> BadRequestError:
    """The refusal of a token, as RFC 6750 has it."""
    challenge = f'Bearer error="invalid_token", error_description="{error.message}"'
    headers = {"WWW-Authenticate": challenge}
    return BadRequestError(error.message, 401, code=error.code, headers=headers)


def _token(authorization: object) -> str:
    text = authorization if isinstance(authorization, str) else ""
    scheme, _, token = text.strip().partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise UnauthenticatedError("Send the token as Authorization: Bearer TOKEN.")
    return token.strip()
