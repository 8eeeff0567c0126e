"""What has a global id."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="An object that can be found again by its id (Relay).")
class Node:
    """Has a global id."""

    id: strawberry.ID = strawberry.field(description="Opaque, and the same for ever.")
