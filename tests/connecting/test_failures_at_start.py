"""Every failure at start is one sentence that names the setting and the remedy."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from graphql_api.__main__ import app
from graphql_api.settings import Settings
from tests.connecting.conftest import KEYSPACE, TOKEN, astra_environment
from tests.support.certificates import Authority
from tests.support.servers import environment, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.connecting.conftest import Secured
    from tests.connecting.imitation import Imitation

SECONDS = 30  # until a person is told


def failure(variables: dict[str, str], *command: str) -> str:
    """The sentence that a command ends with."""
    ours = {name: value for name, value in variables.items() if name.startswith(("ASTRA", "CASS"))}
    absent = dict.fromkeys(name.upper() for name in Settings.model_fields)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # one that serves is no failure
    signal.alarm(SECONDS)
    try:
        result = CliRunner(env=absent | ours).invoke(app, command or ("serve", "--port", "0"))
    finally:
        signal.alarm(0)
    assert (result.exit_code, result.stdout) == (1, ""), result.stderr
    assert isinstance(result.exception, SystemExit), result.exception
    assert TOKEN not in result.stderr
    lines = result.stderr.splitlines()
    assert lines[-1].startswith("Error: "), result.stderr
    assert "Error: " not in "".join(lines[:-1])
    assert "Traceback" not in result.stderr
    return lines[-1].removeprefix("Error: ")


BUNDLE = "ASTRA_DB_SECURE_BUNDLE_PATH"


def no_file(astra: Imitation) -> Path:
    return astra.directory / "none.zip"


def truncated(astra: Imitation) -> Path:
    path = astra.bundle("truncated.zip")
    path.write_bytes(path.read_bytes()[:-100])
    return path


def no_zip(astra: Imitation) -> Path:
    path = astra.directory / "text.zip"
    path.write_text("<html>Not found</html>")
    return path


def foreign(astra: Imitation) -> Path:
    path = astra.directory / "foreign.zip"
    with ZipFile(path, "w") as file:
        file.writestr("holiday.jpg", b"...")
    return path


def unreachable_metadata(astra: Imitation) -> Path:
    return astra.bundle("far.zip", config_json=astra.config(port=_free_port()))


def not_json(astra: Imitation) -> Path:
    return astra.bundle("config.zip", config_json=b"{")


def anothers_key(astra: Imitation) -> Path:
    return astra.bundle("mixed.zip", key=Authority("x").issue("x").key)


def no_pem(astra: Imitation) -> Path:
    return astra.bundle("pem.zip", cert=b"-----BEGIN CERTIFICATE-----\nx\n")


def expired(astra: Imitation) -> Path:
    client = astra.authority.issue("client", is_expired=True)
    return astra.bundle("expired.zip", cert=client.certificate, key=client.key)


def anothers_authority(astra: Imitation) -> Path:
    return astra.bundle("stranger.zip", ca_crt=Authority("another").certificate)


def anothers_client(astra: Imitation) -> Path:
    client = Authority("another").issue("client")
    return astra.bundle("client.zip", cert=client.certificate, key=client.key)


def lacks(member: str) -> Callable[[Imitation], Path]:
    def bundle(astra: Imitation) -> Path:
        return astra.bundle(f"without-{member}.zip", **{member.replace(".", "_"): None})

    bundle.__name__ = f"lacks_{member}"
    return bundle


AGAIN = f"download it again (`astra db download-scb`) and check {BUNDLE}."


@pytest.mark.parametrize(
    ("bundle", "sentence"),
    [
        (no_file, f"there is no file {{}}: check {BUNDLE}."),
        (truncated, f"{{}} is not a whole zip file: {AGAIN}"),
        (no_zip, f"{{}} is not a whole zip file: {AGAIN}"),
        (foreign, f"{{}} is a zip file but no secure connect bundle: {AGAIN}"),
        *(
            (lacks(member), f"{{}} lacks {member}, which every bundle has: {AGAIN}")
            for member in ("config.json", "ca.crt", "cert", "key")
        ),
        (not_json, f"config.json in {{}} does not name a host and a port: {AGAIN}"),
        (anothers_key, f"cert and key in {{}} do not belong together: {AGAIN}"),
        (no_pem, f"cert and key in {{}} are not a certificate and its key: {AGAIN}"),
        (expired, f"the certificates in {{}} have expired: {AGAIN}"),
        (anothers_authority, f"the certificates in {{}} are not accepted: {AGAIN}"),
        (anothers_client, f"the certificates in {{}} are not accepted: {AGAIN}"),
        (
            unreachable_metadata,
            (
                "Astra DB cannot be reached (the metadata service named by {} does not answer): "
                f"check the network and that {BUNDLE} is this database's bundle. "
            ),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bundle_that_does_not_serve(
    astra: Imitation, bundle: Callable[[Imitation], Path], sentence: str
) -> None:
    path = bundle(astra)
    said = failure(astra_environment(path))
    assert said.startswith(sentence.format(path))


def test_servers_certificates_that_expired(astra: Imitation) -> None:
    astra.stop()
    astra.serve(astra.authority.issue("server", "127.0.0.1", is_expired=True))
    try:
        said = failure(astra_environment(astra.bundle()))
    finally:
        astra.stop()
        astra.serve(astra.authority.issue("server", "127.0.0.1"))
    assert said.startswith(f"the certificates in {astra.bundle()} have expired: download it again")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_database_that_hibernates(astra: Imitation) -> None:
    for metadata in ((503, {"message": "hibernated"}), (200, {"message": "resuming"})):
        astra.behaviour.metadata = metadata
        try:
            said = failure(astra_environment(astra.bundle()))
        finally:
            astra.behaviour.metadata = None
        assert said == (
            "Astra DB has the database, but it does not serve. A free database hibernates when it "
            "is idle: resume it in the Astra console, or with `astra db resume`, and try again in "
            "a minute or two."
        )


def test_an_unreachable_proxy(astra: Imitation) -> None:
    for port in (_free_port(), None):
        with _silence() as silent:
            contact = astra._metadata()
            contact["contact_info"]["sni_proxy_address"] = f"127.0.0.1:{port or silent}"
            astra.behaviour.metadata = (200, contact)
            try:
                said = failure(astra_environment(astra.bundle()))
            finally:
                astra.behaviour.metadata = None
        assert said.startswith("Astra DB cannot be reached (the SNI proxy named by ")


def test_a_token_that_is_refused(astra: Imitation) -> None:
    bundle = astra.bundle()
    said = failure(astra_environment(bundle, ASTRA_DB_APPLICATION_TOKEN="AstraCS:no"))
    assert said == (
        "Astra DB refuses the token: check ASTRA_DB_APPLICATION_TOKEN, and that "
        f"{bundle} (ASTRA_DB_SECURE_BUNDLE_PATH) is the bundle of the database it is for."
    )


@pytest.mark.parametrize("command", ["serve", "sync-schema"])
def test_a_keyspace_that_is_not_there(astra: Imitation, command: str) -> None:
    variables = astra_environment(astra.bundle(), ASTRA_DB_KEYSPACE="nowhere")
    assert failure(variables, command) == (
        "there is no keyspace nowhere: create it in the Astra console (or with `astra db "
        "create-keyspace`), or correct ASTRA_DB_KEYSPACE, then try again."
    )


def test_a_permission_that_is_missing(astra: Imitation, secured: Secured) -> None:
    secured.execute(
        "CREATE KEYSPACE bare WITH replication = "
        "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}",
        'GRANT SELECT ON KEYSPACE bare TO "token"',
    )
    said = failure(astra_environment(astra.bundle(), ASTRA_DB_KEYSPACE="bare"))
    assert said.startswith("this user or token may not CREATE TABLE: use one with the right ")
    assert "ASTRA_DB_APPLICATION_TOKEN" in said
    where = (f"KEYSPACE {KEYSPACE}", f"TABLE {KEYSPACE}.party")  # who made a table may change it
    secured.execute(*(f'REVOKE MODIFY ON {each} FROM "token"' for each in where))
    try:
        said = failure(astra_environment(astra.bundle()))
    finally:
        secured.execute(*(f'GRANT MODIFY ON {each} TO "token"' for each in where))
    assert said.startswith(f"this user or token may not change parties in {KEYSPACE}: ")


def test_tables_of_a_newer_program(astra: Imitation, secured: Secured) -> None:
    where = f"{KEYSPACE}.schema_migration"
    secured.execute(
        f"INSERT INTO {where} (program, version, digest) VALUES ('partyfinder', 9999, 'x')"
    )
    try:
        said = failure(astra_environment(astra.bundle()))
    finally:
        secured.execute(f"DELETE FROM {where} WHERE program = 'partyfinder' AND version = 9999")
    assert said == (
        "the keyspace has migration 9999, which this program does not know: run a newer "
        "Partyfinder."
    )


def cluster_environment(secured: Secured, **more: str) -> dict[str, str]:
    return environment(
        **{
            "CASSANDRA_CONTACT_POINTS": secured.node.address,
            "CASSANDRA_PORT": str(secured.node.cql_port),
            "CASSANDRA_USERNAME": "cassandra",
            "CASSANDRA_PASSWORD": "cassandra",
        }
        | more
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"CASSANDRA_PASSWORD": "no"},
            (
                "Cassandra at {} refuses the user name or the password: check CASSANDRA_USERNAME "
                "and CASSANDRA_PASSWORD."
            ),
        ),
        (
            {"CASSANDRA_PASSWORD": "", "CASSANDRA_USERNAME": ""},
            "Cassandra at {} wants a user name and a password: set CASSANDRA_USERNAME and ",
        ),
        (
            {"CASSANDRA_LOCAL_DATACENTER": "east"},
            "the cluster has no data centre east, but datacenter1: check CASSANDRA_LOCAL_",
        ),
        (
            {"CASSANDRA_CONTACT_POINTS": "nobody.invalid"},
            "no address is known for nobody.invalid: check CASSANDRA_CONTACT_POINTS and the DNS.",
        ),
        (
            {"CASSANDRA_TLS": "true"},
            (
                "the certificate of Cassandra at {} is not accepted (unable to get local issuer "
                "certificate): check CASSANDRA_TLS_CA, "
            ),
        ),
        (
            {"CASSANDRA_TLS": "true", "CASSANDRA_TLS_CA": "none.pem"},
            "none.pem cannot be read (No such file or directory): check CASSANDRA_TLS_CA.",
        ),
    ],
    ids=str,
)
def test_a_cluster_that_does_not_serve(
    secured: Secured, settings: dict[str, str], sentence: str
) -> None:
    where = f"{secured.node.address} port {secured.node.cql_port}"
    said = failure(cluster_environment(secured, **settings))
    assert said.startswith(sentence.format(where))


async def test_a_cassandra_that_is_too_old(secured: Secured, tmp_path: Path) -> None:
    """The proxy makes an older one of it: without TLS, as a plain cluster."""
    said = await _through_plain_proxy(secured, tmp_path, (b"5.0.9", b"3.0.9"))
    assert said.startswith("the node 127.0.0.1 runs Cassandra 3.0.9, and Partyfinder needs 4.1 or ")


def test_addresses_that_swallow_everything(secured: Secured) -> None:
    with _silence("127.0.0.1") as port:
        points = "127.0.0.1,localhost,127.0.0.1"
        variables = cluster_environment(
            secured, CASSANDRA_CONTACT_POINTS=points, CASSANDRA_PORT=str(port)
        )
        said = failure(variables)
    assert said.startswith(f"no Cassandra answers at 127.0.0.1, localhost, 127.0.0.1 port {port}: ")


async def test_a_driver_without_an_event_loop(tmp_path: Path) -> None:
    """As with a wheel without libev, on a Python that has no asyncore any more."""
    without = (
        "import sys\n"
        "for name in ('asyncore', 'gevent', 'eventlet', 'cassandra.io.libevwrapper'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv = ['partyfinder', 'serve']\n"
        "from graphql_api.__main__ import main\n"
        "main()\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", without),
        cwd=tmp_path,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert (process.returncode, output) == (1, b"")
    assert errors.decode() == (
        "Error: cassandra-driver has no event loop for this Python: install a wheel of it with the "
        "libev extension (`pip install --force-reinstall --only-binary :all: cassandra-driver`).\n"
    )


async def _through_plain_proxy(
    secured: Secured, directory: Path, replaced: tuple[bytes, bytes]
) -> str:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node = await asyncio.open_connection(secured.node.address, secured.node.cql_port)
        await asyncio.gather(_copy(reader, node[1], None), _copy(node[0], writer, replaced))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    variables = cluster_environment(secured, CASSANDRA_PORT=str(port))
    try:
        code, _, errors = await run(directory, variables, "serve", "--port", "0")
    finally:
        server.close()
    assert code == 1
    return errors.splitlines()[-1].removeprefix("Error: ")


async def _copy(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, replaced: tuple[bytes, bytes] | None
) -> None:
    while data := await source.read(2**16):
        sink.write(data.replace(*replaced) if replaced else data)
    sink.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def _silence(address: str = "127.0.0.1") -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server((address, 0)) as server:
        taken: list[socket.socket] = []
        server.settimeout(0.2)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()
            for each in taken:
                each.close()
