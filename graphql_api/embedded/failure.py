"""Reading a dead node's log for the one line that says why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql_api.embedded.logs import Log

LONGEST_LINE = 300
# What the log says (a pattern), and the sentence for it. The first that matches counts.
KNOWN = {
    r"No space left on device|Insufficient disk space|Disk quota exceeded": (
        "The disk that holds {directory} is full. Free some space and try again."
    ),
    r"Address already in use|is in use by another process|Failed to bind port": (
        "Another program took one of Cassandra's ports meanwhile. Try again, or choose others."
    ),
    r"(?:Cannot assign|Can't assign) requested address|Unable to bind to address": (
        "The address {address} is not one of this machine's. Choose another one."
    ),
    r"Saved cluster name .*": (
        "The data in {directory} belongs to a cluster of another name: {line}. "
        "Use that name, or another directory."
    ),
    r"Could not reserve enough space|insufficient memory|Cannot allocate memory": (
        "There is not enough memory for Cassandra. Close other programs, or give it less heap."
    ),
    r"OutOfMemoryError": "Cassandra ran out of its {heap_mb} MiB of heap. Give it more.",
    r"(?:unreadable|[Ii]ncompatible) sstable.*|Invalid SSTable .*|sstables? .* version.*": (
        "The data in {directory} cannot be read by this Cassandra; another version may have "
        "written it: {line}. Move that directory away to begin anew."
    ),
}
# What Java adds to every refusal of an option.
EMPTY = re.compile(r"^Error: (?:Could not create the Java|A fatal exception has occurred)")
TELLING = re.compile(r"^(?:ERROR|FATAL)|Exception|Error(?:\b|:)|^Unrecognized|^Invalid|^Exit")


def explain(log: Log, console: Log, facts: dict[str, object]) -> str | None:
    """Return a sentence with the cause, or None where neither log nor console tells any.

    Args:
        log: the node's own.
        console: what Java itself printed.
        facts: what the sentences name: directory, address, heap_mb.
    """
    text = log.text() + console.text()
    for pattern, sentence in KNOWN.items():
        match = re.search(pattern, text)
        if match:
            return sentence.format(line=match[0][:LONGEST_LINE].rstrip(". "), **facts)
    line = _telling_line(text)
    return f'Its last word was: "{line}".' if line else None


def _telling_line(text: str) -> str | None:
    lines = [line for line in text.splitlines() if TELLING.search(line) and not EMPTY.match(line)]
    # An exception's first line says more than the stack below it; the last such line is the cause.
    lines = [line for line in lines if not line.startswith(("\t", " "))] or lines
    return lines[-1].strip()[:LONGEST_LINE] if lines else None
