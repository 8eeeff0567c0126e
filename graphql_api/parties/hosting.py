"""Posting a party, changing it, deleting it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from graphql_api.caller import ANYBODY, Caller
from graphql_api.parties.change import (
    NOBODY_KNOWN,
    Applied,
    KeyReused,
    NotFound,
    Outcome,
    OutOfTime,
    Reason,
    Refused,
)
from graphql_api.parties.city import city_key
from graphql_api.parties.limits import Invalid, InvalidField, Limits, date_problem
from graphql_api.parties.operation import digest, take_key
from graphql_api.store.rows import PartyHead

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from graphql_api.parties.operation import IdempotencyKey


@dataclass(frozen=True)
class NewParty:
    """What a host posts, as the API takes it or, after `checked`, in its normal form."""

    city: str
    name: str
    date: datetime
    time_zone: str = "UTC"
    place: str | None = None
    description: str | None = None
    people: int = 0
    capacity: int | None = None

    def checked(self, limits: Limits) -> NewParty:
        """The normal form; problems, but for the date's, are noted in `limits`."""
        people = limits.number("people", self.people)
        capacity = None if self.capacity is None else limits.number("capacity", self.capacity)
        limits.room(people, capacity)
        return replace(
            self,
            city=limits.city(self.city),
            name=limits.name(self.name),
            time_zone=limits.time_zone(self.time_zone),
            place=limits.place(self.place),
            description=limits.description(self.description),
        )


@dataclass(frozen=True)
class Create:
    """Posts a party under an id that its key determines, so a repeat finds the same party.

    Args:
        host: whose party it is; None where nobody is signed in.
    """

    key: IdempotencyKey
    party: NewParty
    at: datetime
    is_out_of_time: bool = False
    host: str | None = None
    is_creation: ClassVar[bool] = True
    goes_alone: ClassVar[bool] = True
    attendee: ClassVar[None] = None

    @property
    def party_id(self) -> UUID:
        """The new party's id."""
        return self.key.party_id

    @cached_property
    def digest(self) -> bytes:
        """What it asks for."""
        return digest("create", **vars(self.party))

    def decide(
        self, head: PartyHead | None, _joined: Mapping[str, bool] = NOBODY_KNOWN, /
    ) -> PartyHead | Outcome:
        """The first head; or, once the operation's row has expired, what stands under the key."""
        if head is not None and head.digest != self.digest:
            return KeyReused()
        if head is not None:
            return NotFound() if head.closed else Applied(head)
        return OutOfTime() if self.is_out_of_time else self._first_head()

    def _first_head(self) -> PartyHead:
        party = self.party
        return PartyHead(
            party_id=self.party_id,
            city=party.city,
            city_key=city_key(party.city),
            name=party.name,
            date=party.date,
            time_zone=party.time_zone,
            place=party.place,
            description=party.description,
            host=self.host,
            created_at=self.at,
            people=party.people,
            capacity=party.capacity,
            revision=1,
            closed=False,
            digest=self.digest,
            old_places=(),
        )


@dataclass(frozen=True)
class Update:
    """Changes some columns of a party.

    Args:
        changes: new values in their normal form, by the attributes of PartyHead.
        expected_revision: the revision that the host saw; None to apply to any.
        caller: who asks for it.
    """

    party_id: UUID
    key: IdempotencyKey
    changes: Mapping[str, Any]
    expected_revision: int | None = None
    is_out_of_time: bool = False
    caller: Caller = ANYBODY
    is_creation: ClassVar[bool] = False
    goes_alone: ClassVar[bool] = True
    attendee: ClassVar[None] = None

    @cached_property
    def digest(self) -> bytes:
        """What it asks for."""
        return digest(
            "update",
            party=self.party_id,
            changes=dict(self.changes),
            expected_revision=self.expected_revision,
        )

    def decide(
        self, head: PartyHead | None, _joined: Mapping[str, bool] = NOBODY_KNOWN, /
    ) -> PartyHead | Outcome:
        """The head with its changes, or why not."""
        if head is None or head.closed:
            return NotFound()
        if not self.caller.may_host(head.host):
            return Refused(Reason.NOT_HOST, head)
        if self.is_out_of_time:  # recorded, as an earlier proposal of it may be on its way
            return Refused(Reason.OUT_OF_TIME, head)
        if self.expected_revision not in (None, head.revision):
            return Refused(Reason.CONFLICT, head)
        after = head._replace(**self.changes)
        if after.capacity is not None and after.capacity < after.people:
            return Refused(Reason.BELOW_PEOPLE, head)
        return after._replace(city_key=city_key(after.city))


@dataclass(frozen=True)
class Delete:
    """Closes a party for good.

    Args:
        caller: who asks for it.
    """

    party_id: UUID
    key: IdempotencyKey
    caller: Caller = ANYBODY
    is_creation: ClassVar[bool] = False
    goes_alone: ClassVar[bool] = True
    attendee: ClassVar[None] = None

    @cached_property
    def digest(self) -> bytes:
        """What it asks for."""
        return digest("delete", party=self.party_id)

    def decide(
        self, head: PartyHead | None, _joined: Mapping[str, bool] = NOBODY_KNOWN, /
    ) -> PartyHead | Outcome:
        """The closed head."""
        if head is None or head.closed:
            return NotFound()
        if not self.caller.may_host(head.host):
            return Refused(Reason.NOT_HOST, head)
        return head._replace(closed=True)


def create(caller: Caller, key: str | None, party: NewParty, now: datetime) -> Create | Invalid:
    """A checked creation, hosted by its caller."""
    limits = Limits()
    taken = take_key(caller.owner, key, limits)
    checked = party.checked(limits)
    late = date_problem(party.date, now)
    if _is_invalid(limits, taken, late, is_past=party.date < now):
        return limits.invalid(late)
    return Create(taken, checked, now, is_out_of_time=late is not None, host=caller.person)


def update(
    party_id: UUID,
    caller: Caller,
    key: str | None,
    changes: Mapping[str, Any],
    expected_revision: int | None,
    now: datetime,
) -> Update | Invalid:
    """A checked update of the attributes in `changes`, of which null clears those that can be."""
    limits = Limits()
    taken = take_key(caller.owner, key, limits)
    checked = {name: _checked(limits, name, value) for name, value in changes.items()}
    date = changes.get("date")
    late = None if date is None else date_problem(date, now)
    if _is_invalid(limits, taken, late, is_past=date is not None and date < now):
        return limits.invalid(late)
    is_late = late is not None
    return Update(party_id, taken, checked, expected_revision, is_late, caller)


def out_of_time(date: datetime, now: datetime) -> Invalid:
    """What is wrong with a change that ended OutOfTime."""
    return Limits().invalid(date_problem(date, now))


def below_people(party: PartyHead) -> Invalid:
    """What is wrong with a capacity that was refused."""
    message = f"must not be below the {party.people} people who come already"
    return Invalid((InvalidField("capacity", message),))


def _is_invalid(
    limits: Limits, key: IdempotencyKey, late: InvalidField | None, *, is_past: bool
) -> bool:
    """A date that time has made invalid may belong to a repeat: a client's key is looked up."""
    return bool(limits.problems) or (late is not None and (key.is_drawn or not is_past))


def _checked(limits: Limits, name: str, value: Any) -> Any:
    if value is None:
        if name not in ("place", "description", "capacity"):
            limits.refuse("timeZone" if name == "time_zone" else name, "must not be null")
        return None
    if name == "capacity":
        return limits.number(name, value)
    if name == "date":
        return value
    return getattr(limits, name)(value)
