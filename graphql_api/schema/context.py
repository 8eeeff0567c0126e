"""What resolvers share for the length of one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import strawberry

from graphql_api.caller import ANYBODY, Caller
from graphql_api.errors import UnauthenticatedError
from graphql_api.parties.change import Applied
from graphql_api.schema.loaders import Loaders

if TYPE_CHECKING:
    from graphql_api.parties.change import Change, Outcome
    from graphql_api.parties.changes import Changes
    from graphql_api.parties.commit import Committer
    from graphql_api.parties.keys import Keys
    from graphql_api.parties.reading import Reader
    from graphql_api.parties.watch import Event


@dataclass
class RequestContext:
    """The parts that answer a request, and who sends it.

    Args:
        caller: who sends it.
    """

    reader: Reader
    committer: Committer
    keys: Keys
    changes: Changes
    caller: Caller = ANYBODY
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing loaded."""
        self._forget_reads()

    @property
    def actor(self) -> Caller:
        """Who sends it, where that is somebody who may change things at all.

        Raises:
            UnauthenticatedError: nobody is signed in, and here only who is makes changes.
        """
        if not self.caller.may_change:
            raise UnauthenticatedError("Sign in to change anything: send a token.")
        return self.caller

    async def commit(self, change: Change) -> Outcome:
        """Take a change to its outcome; what is read after it is read anew."""
        try:
            outcome = await self.keys.guard(change, self.committer.commit)
        finally:
            self._forget_reads()
        if isinstance(outcome, Applied):
            self.changes.hint(outcome.party)
        return outcome

    def attend(self, event: Event[Any]) -> None:
        """Answer about an event from here on: what was loaded is old, unless it was for it."""
        self.loaders = event.shared.setdefault("loaders", Loaders(self.reader))

    def _forget_reads(self) -> None:
        self.loaders = Loaders(self.reader)


Info = strawberry.Info[RequestContext, Any]
