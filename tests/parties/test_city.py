"""City keys: what makes two names the same city."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.parties.city import LONGEST_KEY, city_key, display_name
from tests.support.strategies import CITY_NAMES

SPACES = st.text(st.sampled_from(" \t\u00a0\u2003\u3000"), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lisbon", "LISBON"),
        ("Montréal", "MONTRE\u0301AL"),
        ("São  Paulo", " são\u00a0paulo "),
        ("Gießen", "GIESSEN"),
        ("Σπάρτης", "ΣΠΆΡΤΗΣ"),
        ("Ångström", "\u212bngstro\u0308m"),
        # Marks in another order, one of which case folding makes a letter.
        ("\u1fb4", "\u03b1\u0345\u0301"),
        ("서울", "\u1109\u1165\u110b\u116e\u11af"),
    ],
)
def test_names_of_one_city(one: str, other: str) -> None:
    assert city_key(one) == city_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sao Paulo", "São Paulo"), ("New York", "Newyork"), ("Halle", "Hall"), ("İzmir", "Izmir")],
)
def test_names_of_two_cities(one: str, other: str) -> None:
    assert city_key(one) != city_key(other)


def test_the_key_itself() -> None:
    assert city_key("  Montre\u0301al \u3000 EST\t") == "montréal est"
    assert display_name("  Montre\u0301al \u3000 EST\t") == "Montréal EST"


@given(CITY_NAMES)
def test_the_key_of_a_key_is_itself(name: str) -> None:
    key = city_key(name)
    assert city_key(key) == key
    assert unicodedata.is_normalized("NFC", key)


@given(CITY_NAMES)
def test_case_and_composition_make_no_difference(name: str) -> None:
    key = city_key(name)
    for form in ("NFC", "NFD"):
        same = unicodedata.normalize(form, name)
        assert city_key(same) == key
        assert city_key(same.casefold()) == key
    assert city_key(display_name(name)) == key


@given(st.lists(CITY_NAMES.map(str.strip).filter(bool), min_size=1, max_size=3), SPACES, SPACES)
def test_spaces_make_no_difference(words: list[str], between: str, around: str) -> None:
    plain = " ".join(words)
    assert city_key(around + between.join(words) + around) == city_key(plain)
    assert display_name(around + between.join(words)) == display_name(plain)


@given(CITY_NAMES)
def test_no_key_is_longer_than_the_longest(name: str) -> None:
    assert 0 < len(city_key(display_name(name))) <= LONGEST_KEY
