"""The same question put to a checker that others wrote: porcupine, where Go can build it."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.history import APPLIED, NOTHING

if TYPE_CHECKING:
    from tests.cluster.clients import Record
    from tests.support.history import Ledger

SOURCE = Path(__file__).with_name("porcupine")
NEVER = 2**62


async def linearizable(
    records: list[Record], ledgers: list[Ledger], directory: Path
) -> tuple[bool | None, str]:
    """Whether they are, None where porcupine is not to be had; and what it says."""
    program = await _built(directory)
    if program is None:
        return None, "not asked, there is no Go here to build it"
    histories = [
        {
            "people": ledger.people_at[1],
            "capacity": ledger.head.capacity,
            "changes": [*_told(record), *_left(record, ledger)],
        }
        for record, ledger in zip(records, ledgers, strict=True)
    ]
    code, said = await _run(program, given=json.dumps(histories).encode())
    return code == 0, " ".join(said.split())


def _told(record: Record) -> list[dict[str, Any]]:
    return [
        {
            "step": one.step,
            "expected": one.expected_people,
            "told": one.told,
            "people": one.people,
            "revision": one.revision,
            "sent": _nanoseconds(one.sent),
            "answered": _nanoseconds(one.answered),
        }
        for one in record.told
        if one.told != NOTHING
    ]


def _left(record: Record, ledger: Ledger) -> list[dict[str, Any]]:
    """What stands there though its answer was lost for good: it was sent, and never answered."""
    claimed = {one.revision for one in record.told if one.told == APPLIED}
    sent = min((one.sent for one in record.unsettled), default=math.inf)
    return [
        {
            "step": row.delta,
            "expected": None,
            "told": APPLIED,
            "people": row.after,
            "revision": row.revision,
            "sent": _nanoseconds(sent),
            "answered": NEVER,
        }
        for row in ledger.applied.values()
        if row.revision > 1 and row.revision not in claimed
    ]


def _nanoseconds(seconds: float) -> int:
    return NEVER if math.isinf(seconds) else int(seconds * 1e9)


async def _built(directory: Path) -> Path | None:
    go = shutil.which("go")
    if go is None:
        return None
    program = directory / "porcupine"
    code, _ = await _run(Path(go), "build", "-o", str(program), ".")
    return program if code == 0 else None  # no module without a network, for instance


async def _run(program: Path, *arguments: str, given: bytes = b"") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=SOURCE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(given), timeout=120)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode()
