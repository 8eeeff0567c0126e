"""Compiled GraphQL execution: drop-ins for graphql-core 3.3's `execute` and its kin.

An operation is compiled once, per schema, document and operation name, into a plain Python
function. What is not covered runs in graphql-core, wholly, and is counted: see `counters`.
"""

from .counters import Counters, counters, reset_counters
from .execute import execute, execute_sync, forget

__all__ = ["Counters", "counters", "execute", "execute_sync", "forget", "reset_counters"]
