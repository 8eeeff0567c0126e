"""The log: a line of JSON per record in production, readable text in development.

Each line of a request has its id, and its trace's. What people write, who they are and where they
come from is in none.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphql_api.journal import of_this_request

if TYPE_CHECKING:
    from graphql_api.settings import Settings


def begin_log(settings: Settings) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.in_production else Text())
    logging.basicConfig(level=settings.log_level.value, handlers=[handler], force=True)


class JsonLines(logging.Formatter):
    """A line of JSON per record: time, level, logger, message, names, and fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_names(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # ASCII: whatever a message holds, it is one line


class Text(logging.Formatter):
    """Text for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The first line, with the request's names behind it."""
        names = " ".join(f"{name}={value}" for name, value in _names().items())
        return super().formatMessage(record) + (f"  [{names}]" if names else "")


def _names() -> dict[str, str]:
    journal = of_this_request()
    if journal is None:
        return {}
    names = {"request_id": journal.request_id}
    return names if journal.trace_id is None else {**names, "trace_id": journal.trace_id}
