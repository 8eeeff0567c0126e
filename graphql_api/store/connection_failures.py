"""Why there is no connection, in one sentence that names the setting at fault and the remedy.

The driver wraps the cause: by host in `NoHostAvailable.errors`, in the `__context__` of what it
says of Astra's metadata service.
"""

from __future__ import annotations

import re
import ssl
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import cassandra
from cassandra.cluster import NoHostAvailable

from graphql_api.settings import Database
from graphql_api.store.bundle import AGAIN, BundleError
from graphql_api.store.driver_options import TlsFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphql_api.settings import Settings

_TLS = re.compile(r"\[SSL[^]]*\] ([^(]+)")
_NOT_VERIFIED = "certificate verify failed: "
_RESUME = (
    "A free database hibernates when it is idle: resume it in the Astra console, or with "
    "`astra db resume`, and try again in a minute or two."
)


class ConnectionFailedError(Exception):
    """The database cannot be used. The message names the setting at fault and the remedy."""


def explain(settings: Settings, error: BaseException) -> str:
    """The sentence for what came out of an attempt to connect."""
    if isinstance(error, (BundleError, TlsFileError)):
        return str(error)
    causes = list(_causes(error))
    if settings.database is Database.ASTRA:
        return _explain_astra(settings, causes)
    return _explain_cluster(settings, causes)


def unknown_datacenter(wanted: str, found: Iterable[str]) -> str:
    """The sentence for a data centre that the cluster does not have."""
    names = ", ".join(sorted(found))
    return (
        f"the cluster has no data centre {wanted}, but {names}: check CASSANDRA_LOCAL_DATACENTER."
    )


def too_old(address: str, version: str) -> str:
    """The sentence for a Cassandra before 4.1."""
    return (
        f"the node {address} runs Cassandra {version}, and Partyfinder needs 4.1 or later: upgrade "
        "the cluster, or name another in CASSANDRA_CONTACT_POINTS."
    )


def _explain_cluster(settings: Settings, causes: list[BaseException]) -> str:
    where = f"{', '.join(settings.cassandra_contact_points)} port {settings.cassandra_port}"
    if _has(causes, cassandra.AuthenticationFailed):
        if settings.cassandra_username is None:
            return (
                f"Cassandra at {where} wants a user name and a password: set CASSANDRA_USERNAME "
                "and CASSANDRA_PASSWORD."
            )
        return (
            f"Cassandra at {where} refuses the user name or the password: "
            "check CASSANDRA_USERNAME and CASSANDRA_PASSWORD."
        )
    if _has(causes, cassandra.UnresolvableContactPoints):
        names = ", ".join(settings.cassandra_contact_points)
        return f"no address is known for {names}: check CASSANDRA_CONTACT_POINTS and the DNS."
    tls = _tls_failure(causes)
    if tls is not None and tls.startswith(_NOT_VERIFIED):
        return (
            f"the certificate of Cassandra at {where} is not accepted "
            f"({tls.removeprefix(_NOT_VERIFIED)}): check CASSANDRA_TLS_CA, and that the nodes' "
            "certificates are valid and name their addresses (CASSANDRA_TLS_VERIFY_HOST)."
        )
    if tls is not None:
        return (
            f"no TLS connection is made with Cassandra at {where} ({tls}): check that it wants "
            "CASSANDRA_TLS, and set CASSANDRA_TLS_CERTIFICATE if it asks for a client's."
        )
    return (
        f"no Cassandra answers at {where}: check CASSANDRA_CONTACT_POINTS and CASSANDRA_PORT, "
        "and that the database is up."
    )


def _explain_astra(settings: Settings, causes: list[BaseException]) -> str:
    bundle = settings.astra_db_secure_bundle_path
    if _has(causes, cassandra.AuthenticationFailed):
        return (
            "Astra DB refuses the token: check ASTRA_DB_APPLICATION_TOKEN, and that "
            f"{bundle} (ASTRA_DB_SECURE_BUNDLE_PATH) is the bundle of the database it is for."
        )
    tls = _tls_failure(causes)
    if tls is not None:
        what = "have expired" if "expired" in tls else "are not accepted"
        return f"the certificates in {bundle} {what}: {AGAIN}"
    if _has(causes, ConnectionResetError) or _has(causes, RemoteDisconnected):
        return f"the certificates in {bundle} are not accepted: {AGAIN}"
    if _has(causes, HTTPError) or _knows_no_hosts(causes):
        return f"Astra DB has the database, but it does not serve. {_RESUME}"
    unreachable = "the SNI proxy" if _has(causes, NoHostAvailable) else "the metadata service"
    return (
        f"Astra DB cannot be reached ({unreachable} named by {bundle} does not answer): check the "
        f"network and that ASTRA_DB_SECURE_BUNDLE_PATH is this database's bundle. {_RESUME}"
    )


def _knows_no_hosts(causes: list[BaseException]) -> bool:
    """Whether the metadata service answered with something else than where the nodes are."""
    return any(isinstance(cause, (KeyError, TypeError)) for cause in causes) or any(
        isinstance(cause, cassandra.DriverException) and "metadata" in str(cause)
        for cause in causes
        if cause.__context__ is None
    )


def _tls_failure(causes: list[BaseException]) -> str | None:
    """What TLS complains of. The driver keeps its text only, in an error of another class."""
    for cause in causes:
        found = _TLS.search(str(cause))
        if found:
            return found[1].strip()
        if isinstance(cause, ssl.SSLError):
            return cause.reason or "TLS fails"
    return None


def _has(causes: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it."""
    yield error
    if isinstance(error, NoHostAvailable):
        errors = error.errors  # a dict by host, or a list where the driver found no keyspace
        for cause in errors.values() if isinstance(errors, dict) else errors:
            if isinstance(cause, BaseException):
                yield from _causes(cause)
    reason = getattr(error, "reason", None)
    for cause in (error.__cause__ or error.__context__, reason):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
