"""Node and the npm packages that package-lock.json locks, installed once per lock file."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = Path(__file__).parent
STAMP = HERE / "node_modules" / ".locked"
TIMEOUT = 120


def _missing() -> str | None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"{program} is not installed; tests/clients need Node 20 or later"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    major = int(version.stdout.removeprefix("v").split(".")[0])
    return None if major >= 20 else f"Node {major} is too old; tests/clients need 20 or later"


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with node_modules."""
    reason = _missing()
    if reason is not None:
        pytest.skip(reason)
    locked = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not STAMP.exists() or STAMP.read_text() != locked:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        STAMP.write_text(locked)
    return HERE


@pytest.fixture
def node(packages: Path) -> Callable[..., Awaitable[str]]:
    """Runs one of the scripts beside this file; what it prints."""

    async def run(script: str, *arguments: str, cwd: Path = packages) -> str:
        process = await asyncio.create_subprocess_exec(
            "node",
            str(packages / script),
            *arguments,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                output, errors = await process.communicate()
        except TimeoutError:
            process.kill()
            output, errors = await process.communicate()
        assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
        return output.decode()

    return run
