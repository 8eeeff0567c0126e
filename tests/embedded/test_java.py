"""Which Java is taken: shell scripts play Javas of all versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graphql_api.embedded import EmbeddedCassandraError, java

if TYPE_CHECKING:
    from pathlib import Path


def fake_java(home: Path, version: str, *, modules: tuple[str, ...] = ("java.sql",)) -> Path:
    """A Java that answers `--list-modules`; version 8 knows no such option."""
    listed = "\n".join(f"{name}@{version}" for name in ("java.base", *modules))
    answer = f"cat <<'END'\n{listed}\nEND" if version != "8" else "exit 1"
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f'#!/bin/sh\n[ -z "$JAVA_TOOL_OPTIONS" ] || exit 9\n{answer}\n')
    executable.chmod(0o755)
    return executable


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java anywhere but where a test puts one; `usual/*` is a usual place."""
    (tmp_path / "path").mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java, "USUAL_PLACES", (f"{tmp_path}/usual/*/bin/java",))
    monkeypatch.setattr(java, "_packaged", lambda: iter(()))
    folders = [f"{tmp_path}/path/bin", f"{tmp_path}/second/bin"]
    monkeypatch.setattr("os.get_exec_path", lambda: folders)


@pytest.mark.parametrize("version", ["11", "11.0.29", "17", "17.0.15"])
def test_versions_that_run_cassandra(tmp_path: Path, version: str) -> None:
    executable = fake_java(tmp_path / "path", version)
    found = java.find_java()
    assert (found.executable, found.version) == (executable, version)
    assert found.modules == {"java.base", "java.sql"}


@pytest.mark.parametrize("version", ["9", "16.0.2", "18", "21.0.5", "25.0.3"])
def test_other_versions_are_refused_by_name(tmp_path: Path, version: str) -> None:
    executable = fake_java(tmp_path / "path", version)
    with pytest.raises(EmbeddedCassandraError) as refusal:
        java.find_java()
    assert str(refusal.value) == (
        "Cassandra 5.0 needs Java 11 or 17, and none was found "
        f"({executable} is Java {version}). Install one, or let JAVA_HOME name it."
    )


def test_java_8_is_refused_by_name(tmp_path: Path) -> None:
    executable = fake_java(tmp_path / "path", "8")
    with pytest.raises(EmbeddedCassandraError, match=f"{executable} is no Java 9 or later"):
        java.find_java()


def test_no_java_at_all() -> None:
    with pytest.raises(EmbeddedCassandraError) as refusal:
        java.find_java()
    assert str(refusal.value) == (
        "Cassandra 5.0 needs Java 11 or 17, and none was found. "
        "Install one, or let JAVA_HOME name it."
    )


def test_java_home_goes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "path", "17.0.1")
    chosen = fake_java(tmp_path / "home", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java().executable == chosen


def test_unfit_javas_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "home", "21.0.1")
    fake_java(tmp_path / "path", "8")
    fake_java(tmp_path / "second", "25")
    chosen = fake_java(tmp_path / "usual" / "seventeen", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java().executable == chosen


def test_a_java_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    fake_java(tmp_path / "path", "17").write_text("of another processor")
    chosen = fake_java(tmp_path / "second", "17")
    assert java.find_java().executable == chosen


def test_options_meant_for_other_programs_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    fake_java(tmp_path / "path", "17")
    assert java.find_java().major == 17


def test_the_packaged_java_runs_and_has_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(java, "_places", java._packaged)
    found = java.find_java()
    assert found.version == "17.0.9"
    assert "jdk.compiler" not in found.modules
