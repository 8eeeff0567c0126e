"""What a party may consist of. Every offending field of an input is named at once."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # read at run time by dataclasses
from functools import cache
from zoneinfo import available_timezones

from graphql_api.parties.city import CITY_LENGTH, display_name

NAME_LENGTH = 200
DESCRIPTION_LENGTH = 2000
KEY_LENGTH = 128
MOST_PEOPLE = 1_000_000
YEARS_AHEAD = 2


@dataclass(frozen=True)
class InvalidField:
    """A field of an input, by its name in the API, and what it takes."""

    field: str
    message: str


@dataclass(frozen=True)
class Invalid:
    """An input that cannot be used."""

    fields: tuple[InvalidField, ...]


@dataclass
class Limits:
    """Checks fields one by one and collects what is wrong; each check returns the normal form."""

    problems: list[InvalidField] = field(default_factory=list)

    def refuse(self, name: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(InvalidField(name, message))

    def city(self, text: str) -> str:
        """A city's name."""
        return display_name(self._text("city", text, CITY_LENGTH, required=True) or "")

    def name(self, text: str) -> str:
        """A party's name."""
        return self._text("name", text, NAME_LENGTH, required=True) or ""

    def place(self, text: str | None) -> str | None:
        """Where in the city."""
        return self._text("place", text, NAME_LENGTH)

    def description(self, text: str | None) -> str | None:
        """Several lines of text; line breaks are the only control characters allowed."""
        if text is not None:
            text = text.replace("\r\n", "\n")
        return self._text("description", text, DESCRIPTION_LENGTH, allowed="\n")

    def idempotency_key(self, text: str | None) -> None:
        """A client's key."""
        if text is not None and not 1 <= len(text) <= KEY_LENGTH:
            self.refuse("idempotencyKey", f"must have 1 to {KEY_LENGTH} characters")
        elif text is not None and has_control(text):
            self.refuse("idempotencyKey", "must not contain control characters")

    def time_zone(self, name: str) -> str:
        """A zone of the IANA time zone database."""
        if name not in _zones():
            self.refuse("timeZone", 'must be an IANA time zone such as "Europe/Paris"')
        return name

    def number(self, name: str, value: int) -> int:
        """A number of people."""
        if not 0 <= value <= MOST_PEOPLE:
            self.refuse(name, f"must be from 0 to {MOST_PEOPLE:,}")
        return value

    def room(self, people: int, capacity: int | None) -> None:
        """Whether the people have room, where both numbers can be used as such."""
        if capacity is not None and 0 <= capacity < people <= MOST_PEOPLE:
            self.refuse("capacity", "must not be below the number of people")

    def invalid(self, also: InvalidField | None = None) -> Invalid:
        """All problems so far, and one that was kept apart."""
        return Invalid((*self.problems, *([also] if also else [])))

    def _text(
        self, name: str, text: str | None, most: int, allowed: str = "", *, required: bool = False
    ) -> str | None:
        if text is not None and has_control(text, allowed):
            self.refuse(name, "must not contain control characters")
            return None
        text = unicodedata.normalize("NFC", (text or "").strip()) or None
        if text is None and required:
            self.refuse(name, "must not be blank")
        if text is not None and len(text) > most:
            self.refuse(name, f"must have at most {most:,} characters")
        return text


def date_problem(moment: datetime, now: datetime) -> InvalidField | None:
    """What is wrong with a party's beginning. It depends on the hour, so it is kept apart."""
    if moment < now:
        return InvalidField("date", "must not be in the past")
    if moment > furthest_date(now):
        return InvalidField("date", "must be within two years from now")
    return None


def furthest_date(now: datetime) -> datetime:
    """Two years ahead, to the day; of a 29th of February, the 1st of March."""
    try:
        return now.replace(year=now.year + YEARS_AHEAD)
    except ValueError:
        return now.replace(year=now.year + YEARS_AHEAD, month=3, day=1)


def has_control(text: str, allowed: str = "") -> bool:
    """Control characters, and halves of surrogate pairs, which no encoding can carry."""
    return any(
        unicodedata.category(character) in ("Cc", "Cs") and character not in allowed
        for character in text
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
