"""Who sends a request. A leaf: transports find it out, the schema and the rules act on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Somebody, or anybody.

    Args:
        person: the identity provider's name for the person; None where nobody is signed in.
        may_moderate: whether parties of other hosts are the caller's to change.
        may_change: whether anything is: without an identity provider it is for anybody, with one
            for who is signed in.
        expires_at: when the sign-in ends, in seconds of the Unix epoch; None for never.
    """

    person: str | None = None
    may_moderate: bool = False
    may_change: bool = True
    expires_at: float | None = None

    @property
    def owner(self) -> str:
        """Whose the idempotency keys are; empty for anybody."""
        return self.person or ""


ANYBODY = Caller()
NOBODY = Caller(may_change=False)
