"""Every fault that a client can see as a GraphQL error: its class, stable code and message.

Outcomes that a client can act on (a conflict, a full party) are data in the schema's unions, not
faults, and do not stand here.

    PartyfinderError
    ├── BadUserInputError                  BAD_USER_INPUT
    ├── UnauthenticatedError               UNAUTHENTICATED
    ├── IdentityProviderUnavailableError   IDENTITY_PROVIDER_UNAVAILABLE
    ├── OutcomeUnknownError                OUTCOME_UNKNOWN
    ├── DeadlineExceededError              DEADLINE_EXCEEDED
    ├── OverloadedError                    OVERLOADED
    └── DatabaseUnavailableError           DATABASE_UNAVAILABLE
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """What stands in `extensions.code`. A code, once released, keeps its meaning."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    IDENTITY_PROVIDER_UNAVAILABLE = "IDENTITY_PROVIDER_UNAVAILABLE"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    OVERLOADED = "OVERLOADED"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    RATE_LIMITED = "RATE_LIMITED"
    OPERATION_TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


ERRORS_TOLD: Counter[str] = Counter()
"""How many errors of each code clients have been told, by this process."""


class PartyfinderError(Exception):
    """A fault with a message written for the client."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL_SERVER_ERROR

    @property
    def message(self) -> str:
        """What the client reads."""
        return str(self)

    @property
    def extensions(self) -> dict[str, Any]:
        """What stands in the error's `extensions`."""
        return {"code": self.code}


class BadUserInputError(PartyfinderError):
    """An argument is unusable; the message names it and says what it takes."""

    code = ErrorCode.BAD_USER_INPUT


class UnauthenticatedError(PartyfinderError):
    """The caller's token is unusable, or there is none where one is needed; says which."""

    code = ErrorCode.UNAUTHENTICATED


class IdentityProviderUnavailableError(PartyfinderError):
    """A token's key is not known here, and the provider that would tell does not answer."""

    code = ErrorCode.IDENTITY_PROVIDER_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(
            "The identity provider cannot be asked about this token. This request changed nothing; "
            "try again soon."
        )


class OutcomeUnknownError(PartyfinderError):
    """A change may or may not have been applied; sending its key again resolves it."""

    code = ErrorCode.OUTCOME_UNKNOWN

    def __init__(self, idempotency_key: str) -> None:
        super().__init__(
            "It is not known yet whether this change was applied. Send it again with the "
            "idempotencyKey in this error's extensions: it is applied once at most."
        )
        self.idempotency_key = idempotency_key

    @property
    def extensions(self) -> dict[str, Any]:
        """The code, and the key to send again."""
        return {"code": self.code, "idempotencyKey": self.idempotency_key}


class DeadlineExceededError(PartyfinderError):
    """Time ran out before an answer came; nothing was changed."""

    code = ErrorCode.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        super().__init__(
            "The answer did not come in time. This request changed nothing; try again."
        )


class OverloadedError(PartyfinderError):
    """Refused before anything was sent to the database."""

    code = ErrorCode.OVERLOADED

    def __init__(self) -> None:
        super().__init__("The server is busy. This request changed nothing; try again in a moment.")


class DatabaseUnavailableError(PartyfinderError):
    """Cassandra cannot be reached, or too few of its nodes; nothing was changed."""

    code = ErrorCode.DATABASE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be reached. This request changed nothing; try again soon."
        )
