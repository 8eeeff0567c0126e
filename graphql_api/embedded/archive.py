"""A class archive (AppCDS) per Java and jars: Cassandra's 10,000 classes, parsed and verified once.

It takes a quarter off every start. The first node that runs without one records which classes it
loads; once it answers, its keeper has Java write the archive, at the lowest priority. Java checks
by itself that an archive fits, and runs without it where it does not.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphql_api.embedded.keeper import ArchiveJob
from graphql_api.embedded.settings import CASSANDRA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphql_api.embedded.java import Java

ARCHIVING_JAVA = 17  # 11 has it too, and was not tried
KEPT = 2  # archives, of 70 MB each: one more Java than most people have
STALE_SECONDS = 3600.0  # an archive that is still unfinished then never will be
COLLECTOR = "-XX:+UseSerialGC"


@dataclass(frozen=True)
class ClassArchive:
    """The archive for one Java and one class path, whether it exists or not."""

    place: Path
    java: Java
    jars: Sequence[Path]

    def exists(self) -> bool:
        """Say whether it was made."""
        return self.place.is_file()

    def options(self) -> list[str]:
        """Return what lets Java use it; quietly without it where it does not fit."""
        return [f"-XX:SharedArchiveFile={self.place}", "-Xshare:auto", "-Xlog:cds*=off"]

    def recording_options(self, class_list: Path) -> list[str]:
        """Return what has Java note the classes that it loads."""
        return [f"-XX:DumpLoadedClassList={class_list}"]

    def job(self, class_list: Path) -> ArchiveJob:
        """Return what the keeper is to run to make it."""
        made = self.place.with_name(f"{uuid.uuid4().hex}.new")
        command = [
            str(self.java.executable),
            "-Xshare:dump",
            "-Xlog:cds*=off",
            "-Xmx512m",
            COLLECTOR,
            f"-XX:SharedClassListFile={class_list}",
            f"-XX:SharedArchiveFile={made}",
            "-cp",
            os.pathsep.join(map(str, self.jars)),
        ]
        return ArchiveJob(command=command, made=str(made), place=str(self.place))


def archive_for(java: Java, jars: Sequence[Path]) -> ClassArchive | None:
    """Return the archive for these, or None where none can be: another Java, no place for it."""
    folder = _folder()
    if java.major != ARCHIVING_JAVA or folder is None:
        return None
    parts = [str(java.executable.resolve()), java.version]
    for jar in jars:
        # Java refuses an archive when a jar's size or time is another.
        state = jar.stat()
        parts.append(f"{jar} {state.st_size} {state.st_mtime_ns}")
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return ClassArchive(folder / f"cassandra-{CASSANDRA_VERSION}-{key}.jsa", java, tuple(jars))


def tidy(archive: ClassArchive) -> None:
    """Make the folder, and room in it: older archives and unfinished ones go."""
    folder = archive.place.parent
    folder.mkdir(parents=True, exist_ok=True)
    made = sorted(folder.glob("cassandra-*.jsa"), key=lambda path: path.stat().st_mtime)
    stale = time.time() - STALE_SECONDS
    unfinished = [path for path in folder.glob("*.new") if path.stat().st_mtime < stale]
    for path in (*made[: 1 - KEPT], *unfinished):
        path.unlink(missing_ok=True)


def trim(class_list: Path) -> None:
    """Cut off the line that Java was writing when we looked."""
    whole, _, _ = class_list.read_bytes().rpartition(b"\n")
    class_list.write_bytes(whole + b"\n")


def _folder() -> Path | None:
    named = os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):  # no home directory
        return (Path(named) if named else Path.home() / ".cache") / "partyfinder"
    return None
