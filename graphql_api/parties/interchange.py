"""A party as a line of JSON: what `partyfinder export` writes and `partyfinder import` reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID  # noqa: TC003  # read at run time by pydantic

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from graphql_api import clock
from graphql_api.parties.city import city_key
from graphql_api.parties.hosting import NewParty
from graphql_api.parties.limits import Limits
from graphql_api.parties.operation import digest
from graphql_api.store.rows import PartyHead

EARLIEST_YEAR, LATEST_YEAR = 1970, 9998  # what `partyfinder repair` walks, with room
LONGEST_HOST = 255


class UnusablePartyError(ValueError):
    """A party that cannot be imported. The message names each field and what it takes."""


class PartyLine(BaseModel):
    """One party. Names are the API's; what is left out has the API's default.

    `digest` is of the request that posted the party: who sends that again, with the same key, gets
    the imported party for an answer.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True
    )

    id: UUID
    city: str
    name: str
    date: AwareDatetime
    time_zone: str = "UTC"
    place: str | None = None
    description: str | None = None
    host: Annotated[str, Field(min_length=1, max_length=LONGEST_HOST)] | None = None
    people: int = 0
    capacity: int | None = None
    revision: Annotated[int, Field(ge=1, lt=2**53)] = 1
    created_at: AwareDatetime | None = None
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


def to_line(head: PartyHead) -> bytes:
    """An open party as a line, with its end."""
    line = PartyLine(
        id=head.party_id,
        city=head.city,
        name=head.name,
        date=head.date.replace(tzinfo=UTC),
        time_zone=head.time_zone,
        place=head.place,
        description=head.description,
        host=head.host,
        people=head.people,
        capacity=head.capacity,
        revision=head.revision,
        created_at=head.created_at.replace(tzinfo=UTC),
        digest=head.digest.hex() if len(head.digest) == 32 else None,  # noqa: PLR2004  # SHA-256
    )
    return line.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n"


def from_line(text: bytes) -> PartyHead:
    """The head of the party that a line tells of.

    Raises:
        UnusablePartyError: it is no such line.
    """
    try:
        line = PartyLine.model_validate_json(text)
    except ValidationError as error:
        raise UnusablePartyError(_problems(error)) from None
    return to_head(line)


def to_head(line: PartyLine) -> PartyHead:
    """The head of a party, in its normal form.

    Raises:
        UnusablePartyError: it is not within what a party may consist of, but for its date.
    """
    limits = Limits()
    party = NewParty(
        city=line.city,
        name=line.name,
        date=_moment(limits, "date", line.date),
        time_zone=line.time_zone,
        place=line.place,
        description=line.description,
        people=line.people,
        capacity=line.capacity,
    ).checked(limits)
    created = line.created_at or datetime.now(UTC)
    created_at = _moment(limits, "createdAt", created)
    if limits.problems:
        raise UnusablePartyError(
            "; ".join(f"{each.field} {each.message}" for each in limits.problems)
        )
    posted = digest("import", id=line.id) if line.digest is None else bytes.fromhex(line.digest)
    return PartyHead(
        party_id=line.id,
        city=party.city,
        city_key=city_key(party.city),
        name=party.name,
        date=party.date,
        time_zone=party.time_zone,
        place=party.place,
        description=party.description,
        host=line.host,
        created_at=created_at,
        people=party.people,
        capacity=party.capacity,
        revision=line.revision,
        closed=False,
        digest=posted,
        old_places=(),
    )


def _moment(limits: Limits, name: str, moment: datetime) -> datetime:
    if EARLIEST_YEAR < moment.year < LATEST_YEAR:
        return clock.from_aware(moment)
    limits.refuse(name, f"must be after {EARLIEST_YEAR} and before {LATEST_YEAR}")
    return clock.EPOCH


def _problems(error: ValidationError) -> str:
    found = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = ".".join(map(str, problem["loc"]))
        message = problem["msg"][:1].lower() + problem["msg"][1:]
        found.append(f"{name}: {message}" if name else message)
    return "; ".join(found)
