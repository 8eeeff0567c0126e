"""Windows of a city's list, for any present moment."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.errors import BadUserInputError
from graphql_api.parties.limits import furthest_date
from graphql_api.parties.listing import Window
from tests.support.strategies import MOMENTS

TICK = timedelta(milliseconds=1)
NOWS = st.datetimes(datetime(2024, 1, 1), datetime(2200, 1, 1))


@given(NOWS)
def test_the_default_holds_every_party_that_is_or_may_be_posted(now: datetime) -> None:
    window = Window.of(None, None, now)
    assert window.start == now - timedelta(hours=3)
    assert window.end > furthest_date(now)


@given(MOMENTS, MOMENTS, NOWS)
def test_a_window_is_as_given_or_refused(start: datetime, end: datetime, now: datetime) -> None:
    years = (end - TICK).year - start.year + 1
    if start < end and years <= 5:
        assert Window.of(start, end, now) == Window(start, end)
        return
    with pytest.raises(BadUserInputError) as refusal:
        Window.of(start, end, now)
    wrong = "until must be later than from" if end <= start else "may span 5 calendar years"
    assert wrong in refusal.value.message


@given(MOMENTS, NOWS)
def test_one_bound_alone_is_taken_or_refused(moment: datetime, now: datetime) -> None:
    for start, end in ((moment, None), (None, moment)):
        try:
            window = Window.of(start, end, now)
        except BadUserInputError:
            continue
        assert window.start < window.end
        assert (window.end - TICK).year - window.start.year < 5
        assert moment in (window.start, window.end)


@pytest.mark.parametrize("year", [2024, 2027])
def test_five_calendar_years_to_the_millisecond(year: int) -> None:
    now, start, end = datetime(year, 6, 1), datetime(year, 1, 1), datetime(year + 5, 1, 1)
    assert Window.of(start, end, now) == Window(start, end)
    for earlier, later in ((start - TICK, end), (start, end + TICK)):
        with pytest.raises(BadUserInputError):
            Window.of(earlier, later, now)
