"""Somebody who signs in. The identity provider knows more; here it is a name that stays."""

from __future__ import annotations

import strawberry


@strawberry.type(description="Somebody who is signed in by the identity provider.")
class Person:
    """The subject of a token."""

    id: strawberry.ID = strawberry.field(
        description="The identity provider's own id of the person: a token's `sub`."
    )
