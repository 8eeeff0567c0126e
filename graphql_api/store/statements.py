"""Every CQL statement but the migrations, written once and prepared once per process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Profile(StrEnum):
    """How a statement is executed: the names of the driver's execution profiles."""

    PLAIN = "plain"
    SERIAL = "serial"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement. Its name is what logs, metrics and tests call it."""

    name: str
    cql: str
    profile: Profile = Profile.PLAIN

    @property
    def is_shared(self) -> bool:
        """Whether equal ones in one turn of the loop are sent once.

        Plain writes too: they name their timestamps, so a write is the same however often sent.
        """
        return self.profile is Profile.PLAIN


_HEAD = (
    "party_id, city, city_key, name, date, time_zone, place, description, host, created_at, "
    "people, capacity, rev, closed, digest, old_places"
)
_OPERATION = "kind, key, digest, delta, after, op_rev, refusal"
HEAD_COLUMNS = tuple(_HEAD.split(", "))
OPERATION_COLUMNS = tuple(_OPERATION.split(", "))[1:]
_LISTED = "party_id, city, name, date, time_zone, place, created_at, people, capacity, rev"
_ENTRY = "date, party_id, created_at, rev"
_IS_HEAD = "party_id = ? AND kind = 0 AND key = ''"
_IS_UNCHANGED = "IF rev = ? AND closed = false"


def _marks(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


def _page(order: str) -> str:
    return (
        f"SELECT {_LISTED} FROM party_by_city WHERE city_key = ? AND year = ?"
        " AND (date, party_id) > (?, ?) AND (date, party_id) < (?, ?)"
        f" ORDER BY date {order}, party_id {order} LIMIT ?"
    )


def _entries(order: str) -> str:
    return (
        f"SELECT {_ENTRY} FROM party_by_person WHERE person = ? AND role = ?"
        " AND (date, party_id) > (?, ?) AND (date, party_id) < (?, ?)"
        f" ORDER BY date {order}, party_id {order} LIMIT ?"
    )


READ_HEAD = Statement("read_head", f"SELECT {_HEAD} FROM party WHERE {_IS_HEAD}")
CONFIRM_STANDING = Statement(
    "confirm_standing",
    f"SELECT {_HEAD}, {_OPERATION} FROM party WHERE party_id = ? AND (kind, key) IN ?",
    Profile.SERIAL,
)

# The parts of a conditional batch in one party's partition.
INSERT_HEAD = Statement(
    "insert_head",
    f"INSERT INTO party (kind, key, {_HEAD}) VALUES (0, '', {_marks(_HEAD)}) IF NOT EXISTS",
    Profile.CONDITIONAL,
)
COUNT_PEOPLE = Statement(
    "count_people",
    f"UPDATE party SET people = ?, rev = ?, old_places = ? WHERE {_IS_HEAD} {_IS_UNCHANGED}",
    Profile.CONDITIONAL,
)
REPLACE_HEAD = Statement(
    "replace_head",
    "UPDATE party SET city = ?, city_key = ?, name = ?, date = ?, time_zone = ?, place = ?,"
    " description = ?, people = ?, capacity = ?, rev = ?, closed = ?, old_places = ?"
    f" WHERE {_IS_HEAD} {_IS_UNCHANGED}",
    Profile.CONDITIONAL,
)
INSERT_OPERATION = Statement(
    "insert_operation",
    "INSERT INTO party (party_id, kind, key, digest, delta, after, op_rev, refusal)"
    " VALUES (?, 1, ?, ?, ?, ?, ?, ?) IF NOT EXISTS USING TTL ?",
    Profile.CONDITIONAL,
)
INSERT_ATTENDEE = Statement(
    "insert_attendee",
    "INSERT INTO party (party_id, kind, key, op_rev) VALUES (?, 2, ?, ?) IF NOT EXISTS",
    Profile.CONDITIONAL,
)
DELETE_ATTENDEE = Statement(
    "delete_attendee",
    "DELETE FROM party WHERE party_id = ? AND kind = 2 AND key = ? IF EXISTS",
    Profile.CONDITIONAL,
)
# A party that is over for good. Deleted as it was written: by lightweight transactions alone.
DELETE_HEAD = Statement(
    "delete_head",
    f"DELETE FROM party WHERE {_IS_HEAD} IF rev = ? AND closed = true",
    Profile.CONDITIONAL,
)
READ_CLOSED_AT = Statement(
    "read_closed_at", f"SELECT WRITETIME(closed) FROM party WHERE {_IS_HEAD}"
)
READ_ATTENDEE = Statement(
    "read_attendee", "SELECT op_rev FROM party WHERE party_id = ? AND kind = 2 AND key = ?"
)

# Parties under new ids, in bulk. What no lightweight transaction has touched yet may be written
# without one, by a timestamp that is older than every transaction's to come.
LOAD_HEAD = Statement(
    "load_head",
    f"INSERT INTO party (kind, key, {_HEAD}) VALUES (0, '', {_marks(_HEAD)}) USING TIMESTAMP 1",
)

# Walking whole tables, in the order of the ring.
SCAN_HEADS = Statement(
    "scan_heads",
    f"SELECT token(party_id), kind, {_HEAD} FROM party WHERE token(party_id) > ?"
    " PER PARTITION LIMIT 1 LIMIT ?",
)
SCAN_CITY_YEARS = Statement(
    "scan_city_years",
    "SELECT DISTINCT token(city_key, year), city_key, year FROM party_by_city"
    " WHERE token(city_key, year) > ? LIMIT ?",
)

READ_ATTENDEES = Statement(
    "read_attendees",
    "SELECT key, WRITETIME(op_rev) FROM party WHERE party_id = ? AND kind = 2 AND key > ? LIMIT ?",
)

WRITE_ENTRY = Statement(
    "write_entry",
    f"INSERT INTO party_by_person (person, role, {_ENTRY}) VALUES (?, ?, {_marks(_ENTRY)})"
    " USING TIMESTAMP ?",
)
DELETE_ENTRY = Statement(
    "delete_entry",
    "DELETE FROM party_by_person USING TIMESTAMP ?"
    " WHERE person = ? AND role = ? AND date = ? AND party_id = ?",
)
DELETE_ENTRIES = Statement(
    "delete_entries",
    "DELETE FROM party_by_person USING TIMESTAMP ? WHERE person = ? AND role = ? AND date < ?",
)
READ_ENTRIES = Statement("read_entries", _entries("ASC"))
READ_ENTRIES_BACKWARDS = Statement("read_entries_backwards", _entries("DESC"))
SCAN_AGENDAS = Statement(
    "scan_agendas",
    "SELECT DISTINCT token(person, role), person, role FROM party_by_person"
    " WHERE token(person, role) > ? LIMIT ?",
)

CONDITIONAL_BATCH = Statement("conditional_batch", "", Profile.CONDITIONAL)
PLAIN_BATCH = Statement("plain_batch", "")

CLAIM_KEY = Statement(
    "claim_key",
    "INSERT INTO party_by_key (key, party_id) VALUES (?, ?) USING TTL ? AND TIMESTAMP ?",
)
READ_CLAIM = Statement("read_claim", "SELECT party_id FROM party_by_key WHERE key = ?")

READ_PAGE = Statement("read_page", _page("ASC"))
READ_PAGE_BACKWARDS = Statement("read_page_backwards", _page("DESC"))
WRITE_COPY = Statement(
    "write_copy",
    f"INSERT INTO party_by_city (city_key, year, {_LISTED}) VALUES (?, ?, {_marks(_LISTED)})"
    " USING TIMESTAMP ?",
)
DELETE_COPY = Statement(
    "delete_copy",
    "DELETE FROM party_by_city USING TIMESTAMP ?"
    " WHERE city_key = ? AND year = ? AND date = ? AND party_id = ?",
)
DELETE_COPIES = Statement(
    "delete_copies",
    "DELETE FROM party_by_city USING TIMESTAMP ? WHERE city_key = ? AND year = ? AND date < ?",
)

WRITE_CITY = Statement(
    "write_city",
    "INSERT INTO city_by_prefix (prefix, city_key, city) VALUES (?, ?, ?)"
    " USING TTL ? AND TIMESTAMP ?",
)
READ_CITIES = Statement(
    "read_cities",
    "SELECT city_key, city FROM city_by_prefix WHERE prefix = ? AND city_key >= ? AND city_key < ?"
    " LIMIT ?",
)
READ_CITY = Statement(
    "read_city",
    "SELECT city_key, city FROM city_by_prefix WHERE prefix = ? AND city_key = ?",
)

ALL: tuple[Statement, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Statement) and value.cql
)
