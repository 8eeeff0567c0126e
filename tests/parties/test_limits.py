"""Limits that depend on the present moment, to the millisecond."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.parties.limits import InvalidField, date_problem, furthest_date

TICK = timedelta(milliseconds=1)
PAST = InvalidField("date", "must not be in the past")
TOO_FAR = InvalidField("date", "must be within two years from now")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)))
def test_a_party_may_begin_from_now_to_two_years_ahead(now: datetime) -> None:
    end = furthest_date(now)
    assert date_problem(now - TICK, now) == PAST
    assert date_problem(now, now) is None
    assert date_problem(end, now) is None
    assert date_problem(end + TICK, now) == TOO_FAR


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 12, 31, 23, 59), datetime(2028, 12, 31, 23, 59)),
        (datetime(2028, 2, 28, 12), datetime(2030, 2, 28, 12)),
        (datetime(2028, 2, 29, 12), datetime(2030, 3, 1, 12)),
    ],
)
def test_two_years_ahead_to_the_day(now: datetime, end: datetime) -> None:
    assert furthest_date(now) == end
