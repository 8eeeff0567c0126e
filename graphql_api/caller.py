"""Who sends a request. A leaf: transports find it out, the schema and the rules act on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Somebody, or anybody.

    Args:
        person: the identity provider's name for the person; None where nobody is signed in.
        may_change: whether the caller may change anything.
        may_moderate: whether any party is the caller's to update and delete, not the own ones only.
        expires_at: when the sign-in ends, in seconds of the Unix epoch; None for never.
    """

    person: str | None = None
    may_change: bool = False
    may_moderate: bool = False
    expires_at: float | None = None

    @property
    def owner(self) -> str:
        """Whose the idempotency keys are; empty for anybody."""
        return self.person or ""

    def may_host(self, host: str | None) -> bool:
        """Whether a party of this host (None where it has none) is the caller's to change."""
        return self.may_moderate or self.is_person(host)

    def is_person(self, person: str | None) -> bool:
        """Whether this person is calling."""
        return person is not None and person == self.person


ANYBODY = Caller(may_change=True, may_moderate=True)  # where no identity provider is configured
NOBODY = Caller()  # where one is, and no token came
