"""`partyfinder remove-past` as a process: what it says, and how it ends."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.parties import now, post
from tests.support.servers import environment, run, start

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings

COMMAND = "remove-past"


async def test_it_says_what_it_would_do_what_it_did_and_what_is_left(
    tmp_path: Path, settings: Settings, parts: Parts
) -> None:
    oldest, newest = now() - timedelta(days=300), now() - timedelta(days=100)
    heads = [await post(parts, date=date) for date in (oldest, newest)]
    kept = await post(parts, date=now() - timedelta(days=5))
    here = environment(settings)
    span = f"2 past parties, of {oldest:%Y-%m-%d} to {newest:%Y-%m-%d}, and"
    code, output, errors = await run(tmp_path, here, COMMAND, "--dry-run")
    assert code == 0, errors
    assert output == f"Would close {span} delete 0 that had been closed before.\n"
    assert [await parts.store.read_head(head.party_id) for head in heads] == heads
    code, output, errors = await run(tmp_path, here, COMMAND)
    assert code == 0, errors
    assert output == (
        f"Closed {span} deleted 0 that had been closed before."
        " 2 closed ones are left to a later run.\n"
    )
    assert "Removing" in errors
    code, output, _ = await run(tmp_path, here, COMMAND)
    assert code == 0
    assert output == (
        "Closed 0 past parties and deleted 0 that had been closed before."
        " 2 closed ones are left to a later run.\n"
    )
    assert await parts.store.read_head(kept.party_id) == kept


async def test_fewer_days_than_keys_live_are_refused(tmp_path: Path, settings: Settings) -> None:
    week = environment(settings, IDEMPOTENCY_KEY_TTL=str(7 * 86400))
    code, output, errors = await run(tmp_path, week, COMMAND, "--days", "8")
    assert (code, output) == (1, "")
    assert errors.splitlines()[-1] == (
        "Error: --days 8 is too few: IDEMPOTENCY_KEY_TTL needs 9 at least."
    )


async def test_interrupted_it_is_one_sentence(
    tmp_path: Path, settings: Settings, parts: Parts
) -> None:
    for _ in range(30):
        await post(parts)
    process = await start(tmp_path, environment(settings), COMMAND, "--rate", "1")
    assert process.stderr is not None
    seen = b""
    while b"Removing" not in seen:
        seen = await asyncio.wait_for(process.stderr.readline(), 60)
        assert seen
    process.send_signal(signal.SIGINT)
    rest = (await process.stderr.read()).decode()
    assert await process.wait() == 130
    assert rest == "Interrupted: run it again, and it finishes what it began.\n"
