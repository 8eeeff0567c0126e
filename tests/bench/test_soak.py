"""The soak notices what it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from bench.soak.accounts import Account, check
from bench.soak.documents import PARTY
from bench.soak.readings import Course, Reading


def an_account() -> Account:
    """A party of five, which two have joined and one has left since."""
    account = Account("1", "Lisbon", 5)
    for step, revision in ((1, 2), (-1, 4), (1, 3)):
        account.apply(step, revision)
    return account


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        ({"people": 6, "revision": 4}, []),
        (
            {"people": 6, "revision": 3},  # a change was acknowledged, and is not there
            ["1: at revision 3, but 3 changes were applied by their answers; nobody was told []"],
        ),
        (
            {"people": 7, "revision": 5},  # a join was counted twice
            [
                "1: 7 people, answers say 6",
                (
                    "1: at revision 5, but 3 changes were applied by their answers; "
                    "nobody was told [5]"
                ),
            ],
        ),
        (None, ["1: deleted False, but a server has None"]),
    ],
)
def test_a_party_that_is_not_what_the_answers_say(
    found: dict[str, int] | None, faults: list[str]
) -> None:
    assert list(an_account().faults(found)) == faults


async def test_pages_that_are_not_what_the_answers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak.accounts.AGREEING_SECONDS", 0)

    async def ask(query: str, **_: Any) -> dict[str, Any]:
        if query == PARTY:
            return {"party": {"people": 6, "revision": 4}}
        nodes = [{"id": "1", "people": 5, "revision": 3}]
        return {"parties": {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": "x"}}}

    assert await check(ask, [an_account()]) == ["the page of Lisbon has 5 people for 1, not 6"]


@pytest.mark.parametrize(
    ("last", "growth"),
    [
        (Reading(109, 12, 30), []),
        (Reading(120, 12, 30), ["server 1: memory grew from 100.0 to 120.0 MB"]),
        (Reading(100, 13, 20), ["server 1: threads grew from 10 to 13"]),
        (Reading(100, 10, 31), ["server 1: sockets grew from 20 to 31"]),
    ],
)
def test_what_grows_from_the_first_quarter_to_the_last(last: Reading, growth: list[str]) -> None:
    first = [Reading(100, 10, 20)] * 10
    assert list(Course("server 1", [*first * 3, *[last] * 10]).growth()) == growth
