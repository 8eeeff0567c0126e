"""Which class archive belongs to which Java and jars, and what is kept of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphql_api.embedded import archive
from graphql_api.embedded.java import Java


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    jar = tmp_path / "some.jar"
    jar.write_bytes(b"jar")
    return jar


def archive_of(jar: Path, version: str = "17.0.9", path: str = "/java") -> archive.ClassArchive:
    found = archive.archive_for(Java(Path(path), version, frozenset()), [jar])
    assert found
    return found


def test_each_java_and_each_set_of_jars_has_its_own(jar: Path) -> None:
    places = {archive_of(jar).place, archive_of(jar, "17.0.15").place}
    places.add(archive_of(jar, path="/other/java").place)
    os.utime(jar, (1, 1))
    places.add(archive_of(jar).place)
    assert len(places) == 4
    assert archive_of(jar).place in places


def test_java_11_has_none(jar: Path) -> None:
    assert archive.archive_for(Java(Path("/java"), "11.0.29", frozenset()), [jar]) is None


def test_the_newest_other_one_is_kept_and_what_was_left_unfinished_goes(jar: Path) -> None:
    here = archive_of(jar)
    archive.tidy(here)
    for age, name in enumerate(("cassandra-c.jsa", "cassandra-b.jsa", "cassandra-a.jsa", "x.new")):
        (here.place.parent / name).write_text("old")
        os.utime(here.place.parent / name, (1000 - age, 1000 - age))
    (here.place.parent / "y.new").write_text("being written")
    archive.tidy(here)
    kept = sorted(path.name for path in here.place.parent.iterdir())
    assert kept == ["cassandra-c.jsa", "y.new"]


def test_the_line_that_java_was_writing_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("one\ntwo\nthr")
    archive.trim(tmp_path / "list")
    assert (tmp_path / "list").read_text() == "one\ntwo\n"
