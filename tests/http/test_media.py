"""Content negotiation, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.http.media import HTML, LEGACY, RESPONSE, preferred

OFFERED = (LEGACY, RESPONSE, HTML)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", LEGACY),
        ("  ", LEGACY),
        ("*/*", LEGACY),
        ("text/*", HTML),
        ("text/html, application/json", LEGACY),
        ("text/html, application/json;q=0.9", HTML),
        ("application/json;q=0.3, */*;q=0.5", RESPONSE),
        ("application/*;q=0.2, text/html;q=0.1", LEGACY),
        ("application/*;q=0.2, application/json;q=0, text/html;q=0.1", RESPONSE),
        ("application/json;q=nonsense", None),
        ("image/png", None),
        ("*/*;q=0", None),
        (",,;", None),
        ("TEXT/HTML", HTML),
        ("application/json; charset=utf-8; q=0.5, text/html;q=0.4", LEGACY),
    ],
)
def test_the_type_that_is_liked_best(accept: str, expected: str | None) -> None:
    assert preferred(accept, OFFERED) == expected


@given(st.text(max_size=80), st.lists(st.sampled_from(OFFERED), min_size=1, unique=True))
def test_any_header_leads_to_an_offered_type_or_none(accept: str, offered: list[str]) -> None:
    assert preferred(accept, tuple(offered)) in (None, *offered)
