"""The proof itself: it accepts a right history and none of its distortions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphql_api.store.rows import OperationRow, PartyHead
from tests.support.history import APPLIED, NOTHING, Ledger, Told, Unsettled, prove
from tests.support.some_parties import a_creation

CREATION = a_creation(people=3, capacity=4)
_first = CREATION.decide(None)
assert isinstance(_first, PartyHead)
HEAD = _first._replace(people=4, revision=4)
ROWS = (
    OperationRow("new", b"", 0, 3, 1, None),
    OperationRow("a", b"", 1, 4, 2, None),
    OperationRow("b", b"", 0, 4, 2, "full"),
    OperationRow("c", b"", -1, 3, 3, None),
    OperationRow("drawn", b"", 1, 4, 4, None),
)
TOLD = (
    Told("a", 1, 3, 0.0, 1.0, APPLIED, 4, 2),
    Told("b", 1, None, 0.5, 2.0, "full", 4, 2),
    Told("c", -1, None, 1.5, 4.0, APPLIED, 3, 3),
    Told(None, 1, 4, 3.0, 5.0, "conflict", 3, 3),
    Told(None, 1, None, 3.0, 6.0, APPLIED, 4, 4),
    Told("d", 1, None, 0.0, 9.0, NOTHING),
)


def ledger(*rows: OperationRow, **head: Any) -> Ledger:
    return Ledger(HEAD._replace(**head), {row.key: row for row in rows})


def told(number: int, **changes: Any) -> list[Told]:
    return [replace(one, **changes) if at == number else one for at, one in enumerate(TOLD)]


def test_a_right_history_is_proven() -> None:
    prove(TOLD, ledger(*ROWS))
    prove([], ledger(ROWS[0], people=3, revision=1))


def test_a_change_whose_answer_was_lost_with_its_key_may_stand_there() -> None:
    prove(TOLD[:4], ledger(*ROWS), [Unsettled(1, 3.0)])


@pytest.mark.parametrize(
    ("rows", "head"),
    [
        pytest.param(ROWS, {"people": 5}, id="the count is not the sum"),
        pytest.param(ROWS, {"revision": 5}, id="a revision without an operation"),
        pytest.param(ROWS[:-1], {}, id="an operation lost"),
        pytest.param((*ROWS, ROWS[1]._replace(key="e")), {}, id="a revision given twice"),
        pytest.param((*ROWS[:3], ROWS[3]._replace(after=2), ROWS[4]), {}, id="a wrong count"),
        pytest.param((*ROWS, OperationRow("e", b"", 1, 4, 4, "full")), {}, id="refused, counted"),
        pytest.param((*ROWS, OperationRow("e", b"", 0, 5, 4, "full")), {}, id="refused on nothing"),
    ],
)
def test_a_ledger_with_a_flaw_is_refused(
    rows: tuple[OperationRow, ...], head: dict[str, Any]
) -> None:
    with pytest.raises(AssertionError):
        ledger(*rows, **head)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(told(0, revision=4, people=4), id="another's revision"),
        pytest.param(told(0, people=5), id="a wrong count"),
        pytest.param(told(0, expected_people=4), id="an expectation that did not hold"),
        pytest.param(told(0, told="conflict", expected_people=9), id="told refused, but applied"),
        pytest.param(told(0, told=NOTHING), id="told nothing, but applied"),
        pytest.param(told(1, told=APPLIED), id="told applied, but refused"),
        pytest.param(told(1, operation_key="e"), id="a refusal that is not recorded"),
        pytest.param(told(1, told="empty"), id="refused for another reason"),
        pytest.param(told(3, expected_people=3), id="a conflict with nothing"),
        pytest.param(told(3, people=4), id="refused on another count"),
        pytest.param(told(4, revision=5), id="a revision that is not there"),
        pytest.param(told(2, sent=5.5, answered=6.0), id="sent after what stands behind it"),
        pytest.param(told(0, sent=2.5, answered=3.0), id="sent after a refusal on it"),
        pytest.param(told(1, sent=4.5, answered=5.0), id="refused on a head of the past"),
        pytest.param(TOLD[:4], id="one that nobody was told of"),
        pytest.param([*TOLD, TOLD[4]], id="one that two were told of"),
    ],
)
def test_a_history_with_a_flaw_is_refused(history: list[Told]) -> None:
    with pytest.raises(AssertionError):
        prove(history, ledger(*ROWS))


def test_what_stands_there_was_asked_for() -> None:
    with pytest.raises(AssertionError):
        prove(TOLD[:4], ledger(*ROWS), [Unsettled(-1, 3.0)])
