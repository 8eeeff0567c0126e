"""What a dead node's log is made into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graphql_api.embedded.failure import explain
from graphql_api.embedded.logs import Log

if TYPE_CHECKING:
    from pathlib import Path

OPTION_REFUSED = """Unrecognized VM option 'Foo'
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
"""
FACTS: dict[str, object] = {"directory": "/data", "address": "127.0.0.9", "heap_mb": 64}


def explained(tmp_path: Path, log: str, console: str = "", offset: int = 0) -> str | None:
    (tmp_path / "system.log").write_text(log)
    (tmp_path / "console.log").write_text(console)
    return explain(Log(tmp_path / "system.log", offset), Log(tmp_path / "console.log"), FACTS)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "Caused by: java.io.IOException: No space left on device",
            "The disk that holds /data is full. Free some space and try again.",
        ),
        (
            "ERROR [main] Failed to bind port 9042 on 127.0.0.1.",
            "Another program took one of Cassandra's ports meanwhile. Try again, or choose others.",
        ),
        (
            "java.net.BindException: Cannot assign requested address",
            "The address 127.0.0.9 is not one of this machine's. Choose another one.",
        ),
        (
            "ERROR [main] Saved cluster name one != configured name two",
            (
                "The data in /data belongs to a cluster of another name: Saved cluster name one != "
                "configured name two. Use that name, or another directory."
            ),
        ),
        (
            "Error occurred during initialization of VM\nCould not reserve enough space for heap",
            "There is not enough memory for Cassandra. Close other programs, or give it less heap.",
        ),
        (
            "Terminating due to java.lang.OutOfMemoryError: Java heap space",
            "Cassandra ran out of its 64 MiB of heap. Give it more.",
        ),
        (
            "ERROR [main] Detected unreadable sstables /data/nb-1, please check",
            (
                "The data in /data cannot be read by this Cassandra; another version may have "
                "written it: unreadable sstables /data/nb-1, please check. Move that directory "
                "away to begin anew."
            ),
        ),
    ],
)
def test_known_causes(tmp_path: Path, line: str, sentence: str) -> None:
    assert explained(tmp_path, f"INFO starting\n{line}\nINFO more") == sentence
    assert explained(tmp_path, "INFO starting\n", line) == sentence


def test_an_unknown_cause_is_quoted(tmp_path: Path) -> None:
    log = (
        "INFO fine\nERROR [main] - Exception encountered\nOf: BadException: no\n\tat Error.java:1\n"
    )
    assert explained(tmp_path, log) == 'Its last word was: "Of: BadException: no".'


def test_java_that_refuses_an_option_is_quoted(tmp_path: Path) -> None:
    assert explained(tmp_path, "", OPTION_REFUSED) == (
        "Its last word was: \"Unrecognized VM option 'Foo'\"."
    )


def test_earlier_starts_do_not_count(tmp_path: Path) -> None:
    earlier = "ERROR No space left on device\n"
    assert explained(tmp_path, earlier + "INFO fine\n", offset=len(earlier)) is None


def test_no_log_at_all(tmp_path: Path) -> None:
    nowhere = Log(tmp_path / "none")
    assert explain(nowhere, nowhere.from_here(), FACTS) is None
