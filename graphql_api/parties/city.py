"""Cities match without regard to case, Unicode composition and surrounding or doubled spaces."""

from __future__ import annotations

import unicodedata

CITY_LENGTH = 50
LONGEST_KEY = 3 * CITY_LENGTH  # case folding makes three characters of one at most


def city_key(name: str) -> str:
    """The key that a city's name is stored and found under.

    NFD, case folding, NFC: Unicode's canonical caseless match (The Unicode Standard, D145), with
    every run of white space as one space.
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", " ".join(folded.split()))


def display_name(text: str) -> str:
    """A name as it is kept: composed, without surrounding or doubled white space."""
    return unicodedata.normalize("NFC", " ".join(text.split()))
