"""The mutations. Every field is nullable: one that fails does not hide its neighbours' answers."""

from __future__ import annotations

import strawberry

from graphql_api.schema.create_party import CreatePartyResult, create_party
from graphql_api.schema.delete_party import DeletePartyResult, delete_party
from graphql_api.schema.join_party import JoinPartyResult, join_party
from graphql_api.schema.leave_party import LeavePartyResult, leave_party
from graphql_api.schema.update_party import UpdatePartyResult, update_party


@strawberry.type(description="What can be changed. Mutations of one request run one after another.")
class Mutation:
    """One file per field."""

    create_party: CreatePartyResult | None = strawberry.field(
        resolver=create_party, description="Post a party."
    )
    update_party: UpdatePartyResult | None = strawberry.field(
        resolver=update_party,
        description="Change a party's details; its people join and leave. Where people sign in, "
        "for its host and moderators.",
    )
    delete_party: DeletePartyResult | None = strawberry.field(
        resolver=delete_party,
        description="Delete a party for good. Where people sign in, for its host and moderators.",
    )
    join_party: JoinPartyResult | None = strawberry.field(
        resolver=join_party,
        description="Count one person in (+1), exactly once. Each who is signed in joins once.",
    )
    leave_party: LeavePartyResult | None = strawberry.field(
        resolver=leave_party,
        description="Count one person out (-1), exactly once. Of who is signed in: who has joined.",
    )
