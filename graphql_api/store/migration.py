"""The files of `migrations/`: what each says, and whether it is still the same."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

_FILE = re.compile(r"^(\d{4})_(\w+)\.cql$")
_CREATED = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \(\s*(\w+)")


@dataclass(frozen=True)
class Migration:
    """One file of `migrations/`."""

    version: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Tells whether a recorded migration is still the same file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """Its statements, without comments."""
        bare = re.sub(r"--[^\n]*", "", self.text)
        return [part.strip() for part in bare.split(";") if part.strip()]

    @property
    def tables(self) -> dict[str, str]:
        """The tables that it creates, and the first column of each."""
        return dict(_CREATED.findall("\n".join(self.statements)))


def migrations() -> list[Migration]:
    """Every migration of this program, in order."""
    files = resources.files(__package__).joinpath("migrations").iterdir()
    found = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in files
        if (match := _FILE.match(file.name))
    ]
    return sorted(found, key=lambda migration: migration.version)
