"""The class path: every jar is what the list says, wherever it comes from."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from graphql_api.embedded import CASSANDRA_VERSION, EmbeddedCassandraError, jars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATHS = ("org/example/party/1.0/party-1.0.jar", "org/example/party/1.0/party-1.0-native.jar")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository with two jars, served over HTTP; jgo takes it for the central one."""
    root = tmp_path / "remote"
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=root))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr("jgo.constants.MAVEN_CENTRAL_URL", f"http://127.0.0.1:{server.server_port}")
    yield root
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def locked() -> list[jars.LockedJar]:
    return [jars.LockedJar(path, hashlib.sha256(path.encode()).hexdigest()) for path in PATHS]


def test_the_committed_list_names_cassandra_and_only_jars() -> None:
    locked = jars.locked_jars()
    assert len(locked) == 100
    assert all(jar.path.endswith(".jar") and len(jar.sha256) == 64 for jar in locked)
    assert f"cassandra-all-{CASSANDRA_VERSION}.jar" in {jar.name for jar in locked}


@pytest.mark.usefixtures("remote")
def test_missing_jars_are_fetched_with_progress(cache: Path, locked: list[jars.LockedJar]) -> None:
    told: list[tuple[str, str, float | None]] = []
    paths = jars.ensure_jars(
        lambda step, detail="", share=None: told.append((step, detail, share)), locked
    )
    assert [path.read_bytes() for path in paths] == [path.encode() for path in PATHS]
    assert told == [
        (f"Downloading Cassandra {CASSANDRA_VERSION}", f"{done} of 2 jars", done / 2)
        for done in range(3)
    ]
    assert [entry.name for entry in cache.iterdir()] == ["org"], "nothing temporary stays"


@pytest.mark.usefixtures("remote")
@pytest.mark.parametrize("damage", [b"", PATHS[0].encode()[:-1], b"malicious"])
def test_a_damaged_jar_in_the_cache_is_fetched_again(
    cache: Path, locked: list[jars.LockedJar], damage: bytes
) -> None:
    jars.ensure_jars(jars=locked)
    (cache / PATHS[0]).write_bytes(damage)
    told: list[str] = []
    jars.ensure_jars(
        lambda _step, detail="", fraction=None: told.append(f"{detail} {fraction}"), locked
    )
    assert (cache / PATHS[0]).read_bytes() == PATHS[0].encode()
    assert told == ["0 of 1 jars 0.0", "1 of 1 jars 1.0"]


def test_intact_jars_need_no_repository(
    cache: Path, locked: list[jars.LockedJar], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in PATHS:
        (cache / path).parent.mkdir(parents=True, exist_ok=True)
        (cache / path).write_bytes(path.encode())
    monkeypatch.setattr(jars, "_fetch", None)
    assert jars.ensure_jars(jars=locked) == [cache / path for path in PATHS]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # jgo's responses
def test_an_altered_jar_in_the_repository_is_refused_by_name(
    remote: Path, cache: Path, locked: list[jars.LockedJar]
) -> None:
    (remote / PATHS[1]).write_bytes(b"malicious")
    with pytest.raises(EmbeddedCassandraError) as refusal:
        jars.ensure_jars(jars=locked)
    assert str(refusal.value) == (
        "Cassandra's party-1.0-native.jar could not be downloaded: its SHA-256 is not the one that "
        "jars.sha256 names. Check the connection to the Maven repository and try again."
    )
    assert not (cache / PATHS[1]).exists()


def test_a_jar_that_no_repository_has_is_named(
    remote: Path, cache: Path, locked: list[jars.LockedJar]
) -> None:
    (remote / PATHS[0]).unlink()
    with pytest.raises(
        EmbeddedCassandraError, match=r"party-1\.0\.jar could not be downloaded: no repository has"
    ):
        jars.ensure_jars(jars=locked)
    assert not (cache / PATHS[0]).exists()


@pytest.mark.usefixtures("cache")
def test_an_unreachable_repository_is_said_so(
    locked: list[jars.LockedJar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jgo.constants.MAVEN_CENTRAL_URL", "http://127.0.0.1:1")
    with pytest.raises(
        EmbeddedCassandraError, match=r"could not be downloaded: the repository cannot be reached\."
    ):
        jars.ensure_jars(jars=locked)


@pytest.mark.usefixtures("remote", "cache")
def test_a_full_disk_is_said_so(
    locked: list[jars.LockedJar], monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(jars, "_download", download)
    with pytest.raises(EmbeddedCassandraError, match=r"^The disk that holds .* is full\. Free"):
        jars.ensure_jars(jars=locked)


def test_a_cache_that_cannot_be_made_is_said_so(
    tmp_path: Path, locked: list[jars.LockedJar], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "file" / "repository"))
    with pytest.raises(EmbeddedCassandraError, match="cannot be used: Not a directory"):
        jars.ensure_jars(jars=locked)
