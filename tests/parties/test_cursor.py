"""Cursors: there and back, and nothing but our own."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.errors import BadUserInputError
from graphql_api.parties import cursor
from graphql_api.parties.city import city_key
from graphql_api.parties.cursor import Position
from tests.support.parties import a_party_id
from tests.support.strategies import CITY_NAMES, FOREIGN, POSITIONS, damaged

CITIES = CITY_NAMES.map(city_key)
HERE = Position(datetime(2031, 5, 1, 20), a_party_id("one"))


@given(POSITIONS, CITIES)
def test_a_cursor_leads_back_to_its_position(position: Position, city: str) -> None:
    made = cursor.encode(position, city)
    assert cursor.decode("after", made, city) == position
    assert made == cursor.encode(position, city)
    assert made.isascii()


@given(POSITIONS, POSITIONS, CITIES)
def test_two_positions_have_two_cursors(one: Position, other: Position, city: str) -> None:
    assert (cursor.encode(one, city) == cursor.encode(other, city)) == (one == other)


@given(POSITIONS, CITIES, CITIES)
def test_a_cursor_is_good_for_its_own_city_only(position: Position, city: str, other: str) -> None:
    made = cursor.encode(position, city)
    if other == city:
        assert cursor.decode("after", made, other) == position
        return
    with pytest.raises(BadUserInputError):
        cursor.decode("after", made, other)


@given(FOREIGN | damaged(cursor.encode(HERE, "lisbon")))
def test_what_is_no_cursor_of_ours_is_refused_by_the_arguments_name(text: str) -> None:
    with pytest.raises(BadUserInputError) as refusal:
        cursor.decode("before", text, "lisbon")
    assert refusal.value.message == (
        "before is not a cursor of this list: take it from pageInfo or an edge of the "
        "same list, unchanged."
    )


@given(st.data())
def test_a_cursor_with_another_bit_is_refused(data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(cursor.encode(HERE, "lisbon")))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadUserInputError):
        cursor.decode("after", base64.urlsafe_b64encode(raw).decode(), "lisbon")
