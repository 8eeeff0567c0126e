"""Compiled GraphQL execution: drop-ins for graphql-core 3.3's `execute` and its kin.

An operation is compiled once, per schema, document and operation name, into a plain Python
function. What is not covered runs in graphql-core, wholly, and is counted: see `counters`.
Strawberry's users want `graphql_api.engine.strawberry.Schema`.
"""

from .documents import Refusal
from .execution import execute, execute_sync, forget
from .explaining import explain
from .requests import execute_to_bytes
from .subscriptions import subscribe
from .tally import Counters, Misses, counters, misses, reset_counters
from .to_bytes import Response, format_error

__all__ = [
    "Counters",
    "Misses",
    "Refusal",
    "Response",
    "counters",
    "execute",
    "execute_sync",
    "execute_to_bytes",
    "explain",
    "forget",
    "format_error",
    "misses",
    "reset_counters",
    "subscribe",
]
