"""Wires the parts: settings → store → parties → schema → HTTP application.

Nothing else knows them all.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.caller import ANYBODY, Caller
from graphql_api.engine.limits import Limits
from graphql_api.http.application import create_application
from graphql_api.http.operations import Operations
from graphql_api.http.sign_in import SignIn
from graphql_api.http.web_client import BUILT
from graphql_api.identity.key_file import KeyFile
from graphql_api.identity.key_set import KeySet
from graphql_api.identity.tokens import Expected, Tokens
from graphql_api.parties.changes import Changes
from graphql_api.parties.commit import CommitLimits, Committer
from graphql_api.parties.copies import Copies
from graphql_api.parties.keys import Keys
from graphql_api.parties.reading import Reader
from graphql_api.parties.watch import Pace
from graphql_api.schema.build import build_schema
from graphql_api.schema.context import RequestContext
from graphql_api.schema.trusted_documents import load_trusted_documents
from graphql_api.store.connection import Connection, connect
from graphql_api.store.connection_failures import ConnectionFailedError, explain
from graphql_api.store.migrate import pending_migrations
from graphql_api.store.party_store import PartyStore
from graphql_api.store.permissions import check_permissions
from graphql_api.store.recovery import kept_connected
from graphql_api.store.session import Session
from graphql_api.telemetry.layers import read_layers
from graphql_api.telemetry.readings import Readings
from graphql_api.telemetry.tracing import open_traces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

    from graphql_api.settings import Settings

CLOSE_TIMEOUT = 3.0
logger = logging.getLogger(__name__)
MOST_ERRORS = 5  # of an invalid document: enough to mend it, too few to make answers large


@dataclass(frozen=True)
class Parts:
    """The rules over one connected database."""

    session: Session
    store: PartyStore
    reader: Reader
    copies: Copies
    committer: Committer
    keys: Keys
    changes: Changes

    def new_context(self, caller: Caller = ANYBODY) -> RequestContext:
        """The context of one operation."""
        return RequestContext(self.reader, self.committer, self.keys, self.changes, caller)


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Connect to the configured database, whose tables are up to date, and close it afterwards.

    Raises:
        ConnectionFailedError: the database cannot be reached or has no tables yet.
        MigrationError: its tables are those of another program.
    """
    connection = await connect(settings)
    try:
        session = await _session(connection, settings)
    except BaseException:
        await connection.close()
        raise
    async with kept_connected(settings, connection, session):
        store = PartyStore(session)
        copies = Copies(store)
        limits = CommitLimits(
            timeout=settings.request_timeout,
            key_ttl=settings.idempotency_key_ttl,
            drawn_key_ttl=settings.drawn_key_ttl,
            group_size=settings.group_size,
            queue_length=settings.queue_length,
            proposals_in_flight=settings.proposals_in_flight,
            changing_parties=settings.changing_parties,
        )
        committer = Committer(store, copies, limits)
        pace = Pace(settings.live_interval, first=settings.request_timeout)
        changes = Changes(store, pace)
        try:
            keys = Keys(store, settings.idempotency_key_ttl)
            yield Parts(session, store, Reader(store), copies, committer, keys, changes)
        finally:
            await changes.close()
            # What has begun may take as long as a request; then its outcome is unknown anyway.
            await committer.close(settings.request_timeout)
            await copies.close(CLOSE_TIMEOUT)


async def _session(connection: Connection, settings: Settings) -> Session:
    if await pending_migrations(connection.session, settings):
        raise ConnectionFailedError(
            f"the keyspace {settings.keyspace} lacks tables of this program: run "
            "`partyfinder sync-schema` once."
        )
    try:
        await asyncio.to_thread(connection.session.set_keyspace, settings.keyspace)
    except Exception as error:  # a node that has just gone
        raise ConnectionFailedError(explain(settings, error)) from error
    session = Session(
        connection.session,
        settings.request_timeout,
        settings.reads_in_flight,
        settings.reads_waiting,
        joins_pushes=settings.joins_pushes,
    )
    await session.prepare()
    await check_permissions(session, settings.keyspace)
    return session


def create_app(parts: Parts, settings: Settings, web_directory: Path = BUILT) -> web.Application:
    """The HTTP application over the rules.

    Args:
        web_directory: where the web client was built, if it was.

    Raises:
        TrustedDocumentsError: the file of trusted documents cannot be used.
        SettingsError: the identity provider's key cannot be used, or traces cannot be sent.
    """
    schema = build_schema(
        engine=settings.engine,
        limits=limits_of(settings),
        introspects=settings.introspects,
        suggests=settings.introspects,
    )
    file = settings.trusted_documents
    trusted = None if file is None else load_trusted_documents(file, schema)
    readings = None
    if settings.shows_metrics:
        readings = Readings()
        read_layers(readings, parts.session, parts.committer, parts.changes)
    traces = open_traces()
    times = None if readings is None else readings.times
    operations = Operations(
        schema,
        parts.new_context,
        trusted,
        times,
        slow=settings.slow_operation,
        tells_traces=not settings.in_production,
        traces=traces,
    )
    keys = _keys(settings)
    tokens = None if keys is None else Tokens(keys, _expected(settings))
    application = create_application(
        operations,
        SignIn(tokens),
        parts.store.ping,
        settings,
        web_directory,
        readings,
        parts.session.quickest_read,
    )
    if traces is not None:
        application.cleanup_ctx.append(traces.kept)
    if tokens is None and settings.in_production:
        logger.warning(
            "Nobody is signed in here: anybody may change and delete any party. Configure an "
            "identity provider, AUTH_ISSUER and its neighbours, to have them belong to their hosts."
        )
    if isinstance(keys, KeySet):
        application.cleanup_ctx.append(keys.kept)
    return application


def _keys(settings: Settings) -> KeySet | KeyFile | None:
    if settings.auth_jwks_url is not None:
        return KeySet(settings.auth_jwks_url, settings.auth_algorithms)
    if settings.auth_public_key_file is not None:
        return KeyFile(settings.auth_public_key_file, settings.auth_algorithms)
    return None


def _expected(settings: Settings) -> Expected:
    return Expected(
        issuer=settings.auth_issuer or "",
        audience=settings.auth_audience or "",
        algorithms=settings.auth_algorithms,
        clock_skew=settings.auth_clock_skew,
        moderator_scope=settings.auth_moderator_scope,
    )


def limits_of(settings: Settings) -> Limits:
    """What an operation may have at most."""
    return Limits(
        characters=settings.document_limit,
        tokens=settings.token_limit,
        depth=settings.depth_limit,
        fields=settings.field_limit,
        aliases=settings.alias_limit,
        root_fields=settings.root_field_limit,
        directives=settings.directive_limit,
        cost=settings.cost_limit,
        errors=MOST_ERRORS,
    )
