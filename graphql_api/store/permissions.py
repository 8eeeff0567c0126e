"""Whether the user or token may do what the server does: found out at start."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import cassandra
from cassandra.query import UNSET_VALUE

from graphql_api.errors import PartyfinderError
from graphql_api.store import statements
from graphql_api.store.connection_failures import ConnectionFailedError
from graphql_api.store.failures import AmbiguousError, RejectedError

if TYPE_CHECKING:
    from graphql_api.store.session import Session

NOBODY = UUID(int=0)  # no party's id


async def check_permissions(session: Session, keyspace: str) -> None:
    """Try a conditional write that applies to nothing.

    Raises:
        ConnectionFailedError: it is not permitted.
    """
    change = (0, 0, UNSET_VALUE, NOBODY, 0)
    try:
        await session.apply([(statements.COUNT_PEOPLE, change)])
    except RejectedError as error:
        if not isinstance(error.__cause__, cassandra.Unauthorized):
            raise
        raise ConnectionFailedError(
            f"this user or token may not change parties in {keyspace}: grant it SELECT and MODIFY "
            "on the keyspace, or use another (ASTRA_DB_APPLICATION_TOKEN or CASSANDRA_USERNAME)."
        ) from None
    except (AmbiguousError, PartyfinderError):
        pass  # too few nodes just now: readiness tells, and no restart would help
