"""Cassandra's jars: resolved by jgo, kept in Maven's per-user cache, each one verified.

`jars.sha256` beside this file names every jar and its SHA-256; nothing else ever gets on the
class path. It has the form that `sha256sum --check` understands. After a change of
`CASSANDRA_VERSION` write it anew with `python -m graphql_api.embedded.jars --lock`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphql_api.embedded.errors import EmbeddedCassandraError, storage_error
from graphql_api.embedded.progress import Report, silent
from graphql_api.embedded.settings import CASSANDRA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCK_FILE = Path(__file__).with_name("jars.sha256")
COORDINATE = f"org.apache.cassandra:cassandra-all:{CASSANDRA_VERSION}"
DOWNLOADS_AT_ONCE = 8
ATTEMPTS = 3
TIMEOUT_SECONDS = 15


@dataclass(frozen=True)
class LockedJar:
    """One jar: where it lies below a Maven repository, and what it must hash to."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, as people know it."""
        return self.path.rpartition("/")[2]

    def is_intact(self, repository: Path) -> bool:
        """Say whether the repository holds this jar, byte for byte."""
        try:
            with (repository / self.path).open("rb") as jar:
                return hashlib.file_digest(jar, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def repository() -> Path:
    """Return Maven's per-user repository, which outlives checkouts: M2_REPO or ~/.m2/repository."""
    named = os.environ.get("M2_REPO")
    try:
        return Path(named) if named else Path.home() / ".m2" / "repository"
    except RuntimeError as problem:  # no HOME, and no such user
        raise EmbeddedCassandraError(
            "There is no home directory to keep Cassandra's jars in. Set HOME or M2_REPO."
        ) from problem


def locked_jars(lock_file: Path = LOCK_FILE) -> tuple[LockedJar, ...]:
    """Read the committed list."""
    lines = lock_file.read_text(encoding="utf-8").splitlines()
    return tuple(LockedJar(path, sha256) for sha256, path in map(str.split, lines))


def ensure_jars(report: Report = silent, jars: Sequence[LockedJar] | None = None) -> list[Path]:
    """Return the verified class path; fetch what is missing or damaged first.

    Raises:
        EmbeddedCassandraError: a jar cannot be fetched, or is not what the list says.
    """
    jars = locked_jars() if jars is None else jars
    cache = repository()
    try:
        with ThreadPoolExecutor() as pool:  # hashing releases the interpreter's lock
            intact = list(pool.map(lambda jar: jar.is_intact(cache), jars))
        missing = [jar for jar, present in zip(jars, intact, strict=True) if not present]
        if missing:
            _fetch(missing, cache, report)
    except OSError as problem:
        raise storage_error(problem, cache) from problem
    return [cache / jar.path for jar in jars]


def _fetch(missing: Sequence[LockedJar], cache: Path, report: Report) -> None:
    """Fetch into a directory of our own and move what is right into the cache.

    So a process that is killed, or another one that does the same, never leaves half a jar there.
    """
    step, total = f"Downloading Cassandra {CASSANDRA_VERSION}", len(missing)
    report(step, f"0 of {total} jars", 0.0)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partyfinder-", dir=cache) as staging:
        pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
        try:
            tasks = [pool.submit(_fetch_one, jar, Path(staging), cache) for jar in missing]
            for done, task in enumerate(as_completed(tasks), start=1):
                task.result()
                report(step, f"{done} of {total} jars", done / total)
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(jar: LockedJar, staging: Path, cache: Path) -> None:
    problem = "its SHA-256 is not the one that jars.sha256 names"
    for _ in range(ATTEMPTS):
        try:
            _download(jar, staging)
        except OSError as error:  # requests' errors are OSErrors too
            if error.errno is not None:
                raise
            problem = _reason(error)
            continue
        except RuntimeError:  # jgo's word for "no repository has it"
            problem = "no repository has it"
            continue
        if jar.is_intact(staging):
            (cache / jar.path).parent.mkdir(parents=True, exist_ok=True)
            (staging / jar.path).replace(cache / jar.path)
            return
    raise EmbeddedCassandraError(
        f"Cassandra's {jar.name} could not be downloaded: {problem}. "
        "Check the connection to the Maven repository and try again."
    )


def _download(jar: LockedJar, staging: Path) -> None:
    # Imported when something must be fetched: it takes half a second.
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    (staging / jar.path).unlink(missing_ok=True)  # of an attempt that failed half-way
    context = MavenContext(
        repo_cache=staging, remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=TIMEOUT_SECONDS
    )
    *group, artifact, version, name = jar.path.split("/")
    classifier = name.removeprefix(f"{artifact}-{version}").removesuffix(".jar").removeprefix("-")
    component = context.project(".".join(group), artifact).at_version(version)
    component.artifact(classifier).resolve()


def _reason(error: OSError) -> str:
    """Say what a failed download failed of, without a library's nested representation."""
    import requests  # noqa: PLC0415

    if isinstance(error, requests.Timeout):
        return "the repository did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the repository's certificate was not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or cannot be reached"
    if isinstance(error, requests.ConnectionError):
        return "the repository cannot be reached"
    return f"{type(error).__name__}"


def lock(lock_file: Path = LOCK_FILE) -> int:
    """Resolve Cassandra's dependencies anew and write down every jar's hash; return how many."""
    import jgo  # noqa: PLC0415

    artifacts = jgo.resolve(COORDINATE)
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        paths = sorted(pool.map(lambda artifact: artifact.resolve(), artifacts))
    root = artifacts[0].context.repo_cache
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    names = [path.relative_to(root).as_posix() for path in paths]
    lines = [f"{sha256}  {name}\n" for sha256, name in zip(hashes, names, strict=True)]
    lock_file.write_text("".join(lines), encoding="utf-8")
    return len(lines)


if __name__ == "__main__":
    if sys.argv[1:] != ["--lock"]:
        sys.exit("usage: python -m graphql_api.embedded.jars --lock")
    sys.stdout.write(f"{lock()} jars of {COORDINATE} locked in {LOCK_FILE.name}\n")
