"""What a request is called: its answer, the log and a trace are found by that name."""

from __future__ import annotations

import re
from random import getrandbits
from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.journal import Journal, open_journal

if TYPE_CHECKING:
    from graphql_api.http.request import Sender

REQUEST_ID = "X-Request-Id"
TRACEPARENT, TRACESTATE = "traceparent", "tracestate"  # W3C Trace Context
JOURNAL = web.RequestKey("journal", Journal)
_SANE = re.compile(r"[\w.:+/=@-]{1,64}", re.ASCII)


def request_id(request: Sender) -> str:
    """A request's own id, or one drawn for it."""
    given = request.headers.get(REQUEST_ID)
    if given is None or not _SANE.fullmatch(given):
        return f"{getrandbits(64):016x}"  # a name, no secret
    return given


def name(request: Sender) -> Journal:
    """Take a request's own id, or draw one for it, and open its journal."""
    journal = Journal(request_id(request))
    if TRACEPARENT in request.headers:
        journal.trace_context = {
            each: request.headers.get(each, "") for each in (TRACEPARENT, TRACESTATE)
        }
    request[JOURNAL] = journal
    open_journal(journal)
    return journal
