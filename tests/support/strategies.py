"""What Hypothesis draws, shared by all property tests."""

from __future__ import annotations

import base64
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from hypothesis import strategies as st

from graphql_api.parties.cursor import Position

# What a JSON string can carry to the server: everything but halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)

# Names that are hard on normalisation: case folding that grows, marks in any order, wide spaces.
_HARD = "aAßẞıIİǰΐᾳͅẚŉﬁſŒ́̈̇ \u00a0\u2000\u3000éÅΣςσ가ᄀ각"
CITY_NAMES = st.text(
    st.sampled_from(_HARD) | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50
).filter(lambda name: 0 < len(unicodedata.normalize("NFC", name.strip())) <= 50)

MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
PARTY_IDS = st.builds(uuid5, st.just(UUID(int=0)), st.text(max_size=8))
ANY_IDS = st.uuids() | st.sampled_from([UUID(int=0), UUID(int=2**128 - 1)])
POSITIONS = st.builds(Position, MOMENTS, PARTY_IDS)
ANY_POSITIONS = st.builds(
    Position,
    st.datetimes().map(lambda moment: moment.replace(microsecond=0))
    | st.sampled_from([datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000)]),
    ANY_IDS,
)
ORDERS = st.sampled_from(["SOONEST_FIRST", "LATEST_FIRST"])


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


# Ids and cursors that nobody was given: noise, noise that decodes, and the right letter before it.
FOREIGN = (
    TEXT
    | st.binary(max_size=60).map(_encode)
    | st.binary(max_size=60).map(lambda raw: _encode(b"P" + raw).rstrip("="))
    | st.binary(max_size=200).map(lambda raw: _encode(b"C" + raw).rstrip("="))
    | TEXT.map(lambda key: _encode(b"C" + key.encode()).rstrip("="))
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """Something that was once right: cut, doubled, padded or with one character changed."""
    place = draw(st.integers(0, len(text) - 1))
    other = draw(st.characters(codec="utf-8").filter(lambda character: character != text[place]))
    return draw(
        st.sampled_from(
            [
                text[:place],
                text + text,
                text + "=",
                f" {text}",
                f"{text}\n",
                text[:place] + other + text[place + 1 :],
            ]
        )
    )


@st.composite
def windows(draw: st.DrawFn, around: datetime) -> tuple[datetime, datetime]:
    """Windows of up to some four years near a moment; never empty."""
    start = around + timedelta(hours=draw(st.integers(-24 * 500, 24 * 500)))
    return start, start + timedelta(hours=draw(st.integers(1, 24 * 1400)))
