"""The client's own sources: types, rules of style, and a lock file that names no registry."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.web.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sources_are_typed_linted_and_formatted(built: Path) -> None:
    assert built.is_dir()  # so the packages are installed
    done = subprocess.run(
        ["npm", "run", "--silent", "check"],
        cwd=ROOT / "web",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text()
