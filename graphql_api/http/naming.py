"""What a request is called: its answer, the log and a trace are found by that name."""

from __future__ import annotations

import re
from secrets import token_hex

from aiohttp import web

from graphql_api.journal import Journal, open_journal

REQUEST_ID = "X-Request-Id"
TRACEPARENT, TRACESTATE = "traceparent", "tracestate"  # W3C Trace Context
JOURNAL = web.RequestKey("journal", Journal)
_SANE = re.compile(r"[\w.:+/=@-]{1,64}", re.ASCII)


def name(request: web.Request) -> Journal:
    """Take a request's own id, or draw one for it, and open its journal."""
    given = request.headers.get(REQUEST_ID, "")
    journal = Journal(given if _SANE.fullmatch(given) else token_hex(8))
    if TRACEPARENT in request.headers:
        journal.trace_context = {
            each: request.headers.get(each, "") for each in (TRACEPARENT, TRACESTATE)
        }
    request[JOURNAL] = journal
    open_journal(journal)
    return journal
