"""What a directory refuses, and how it says so."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from typing import TYPE_CHECKING

import pytest

from graphql_api.embedded import (
    CASSANDRA_VERSION,
    EmbeddedCassandraError,
    Node,
    NodeSettings,
    background,
    directory,
)
from graphql_api.embedded import settings as settings_module

if TYPE_CHECKING:
    from pathlib import Path

RECORD = directory.Record(
    java_pid=11, keeper_pid=12, owner_pid=13, address="127.0.0.1", cql_port=9042, background=False
)
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as the standard library's


def refusal_of(place: Path) -> str:
    with pytest.raises(EmbeddedCassandraError) as refusal:
        Node(NodeSettings(directory=place)).start()
    return str(refusal.value)


@pytest.mark.parametrize(
    ("in_background", "sentence"),
    [
        (False, "started by process 13. Stop that one first."),
        (True, "Use it, or `partyfinder cassandra stop` it first."),
    ],
)
def test_a_directory_in_use(tmp_path: Path, sentence: str, *, in_background: bool) -> None:
    lock = directory.lock(tmp_path)
    directory.write_record(
        tmp_path, directory.Record(**{**vars(RECORD), "background": in_background})
    )
    told = refusal_of(tmp_path)
    assert told.startswith(f"A Cassandra already runs in {tmp_path}, ")
    assert "127.0.0.1:9042" in told
    assert told.endswith(sentence)
    found = background.running(tmp_path)
    assert (found is not None) is in_background
    os.close(lock)
    assert background.find(tmp_path) is None, "a record without a lock is of the past"


def test_another_programs_node_is_not_stopped(tmp_path: Path) -> None:
    lock = directory.lock(tmp_path)
    directory.write_record(tmp_path, RECORD)
    with pytest.raises(EmbeddedCassandraError, match="belongs to process 13 and ends with it"):
        background.stop(tmp_path)
    os.close(lock)


def test_data_of_another_release_series(tmp_path: Path) -> None:
    (tmp_path / directory.VERSION).write_text("4.1.7\n")
    assert refusal_of(tmp_path) == (
        f"The data in {tmp_path} was written by Cassandra 4.1.7, which {CASSANDRA_VERSION} does "
        "not read. Move that directory away to begin anew."
    )
    assert (tmp_path / directory.VERSION).read_text() == "4.1.7\n"


def test_data_of_another_patch_release_is_fine(tmp_path: Path) -> None:
    (tmp_path / directory.VERSION).write_text("5.0.2\n")
    directory.claim_version(tmp_path)
    assert (tmp_path / directory.VERSION).read_text() == f"{CASSANDRA_VERSION}\n"


def test_a_disk_that_is_almost_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30, 2**20))
    assert refusal_of(tmp_path) == (
        f"The disk that holds {tmp_path} is almost full: Cassandra needs 256 MiB at least. "
        "Free some space and try again."
    )
    assert not directory.in_use(tmp_path), "a refused start gives the directory back"


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "cassandra"
    assert refusal_of(place) == (
        f"{place} cannot be used: Not a directory. Choose another directory."
    )


def test_a_directory_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(directory, "lock", refuse)
    assert refusal_of(tmp_path) == (
        f"{tmp_path} cannot be written to (Permission denied). "
        "Make it writable or choose another directory."
    )


def test_the_default_directory_is_the_checkouts_or_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_module.default_directory().parent.parent.joinpath("pyproject.toml").is_file()
    monkeypatch.setattr(settings_module, "__file__", str(tmp_path / "a" / "b" / "settings.py"))
    monkeypatch.chdir(tmp_path)
    assert settings_module.default_directory() == tmp_path / ".partyfinder" / "cassandra"
