"""What a node is told: its files and its command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from graphql_api.embedded import NodeSettings, command, config
from graphql_api.embedded.java import Java

PORTS = config.Ports(cql=9142, storage=7100)
HOME = Path("/data")
JAVA = Java(Path("/java"), "17.0.9", frozenset({"java.base", "java.sql"}))


def yaml_of(**settings: object) -> dict[str, object]:
    return config.cassandra_yaml(NodeSettings(directory=HOME, **settings), PORTS)  # type: ignore[arg-type]


def command_of(java: Java = JAVA, **settings: object) -> list[str]:
    jars = [Path("/cache/cassandra-all.jar"), Path("/cache/jamm-0.4.0.jar")]
    node = NodeSettings(directory=HOME, **settings)  # type: ignore[arg-type]
    return command.command(node, java, jars, HOME / "logs" / "system.log")


def test_the_node_is_its_own_seed_and_keeps_everything_in_its_directory() -> None:
    yaml = yaml_of()
    assert yaml["seed_provider"] == [
        {
            "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
            "parameters": [{"seeds": "127.0.0.1:7100"}],
        }
    ]
    assert yaml["auto_bootstrap"] is False
    assert (yaml["native_transport_port"], yaml["storage_port"]) == (9142, 7100)
    assert yaml["data_file_directories"] == ["/data/data"]
    assert yaml["paxos_variant"] == "v2"
    places = [value for name, value in yaml.items() if name.endswith("_directory")]
    assert len(places) == 4
    assert all(str(place).startswith("/data/") for place in places)


def test_durable_data_is_synced_before_it_is_acknowledged() -> None:
    assert yaml_of()["commitlog_sync"] == "batch"
    assert yaml_of(data_durable=False)["commitlog_sync"] == "periodic"


def test_options_of_the_settings_win() -> None:
    yaml = yaml_of(yaml={"num_tokens": 16, "paxos_variant": "v1"})
    assert (yaml["num_tokens"], yaml["paxos_variant"]) == (16, "v1")
    assert command_of(jvm_options=("-Xmx1g",)).index("-Xmx1g") > command_of().index("-Xmx512m")


def test_a_node_that_joins_others_streams_its_share_from_them() -> None:
    yaml = yaml_of(seeds=("127.0.0.1:7000", "127.0.0.2:7000"))
    assert yaml["auto_bootstrap"] is True
    assert "127.0.0.1:7000,127.0.0.2:7000" in json.dumps(yaml["seed_provider"])
    assert not [option for option in command_of(seeds=("a",)) if "ring_delay" in option]


def test_only_modules_that_java_has_are_opened() -> None:
    assert "--add-exports=java.sql/java.sql=ALL-UNNAMED" in command_of()
    assert not [option for option in command_of() if "jdk.compiler" in option]
    with_compiler = Java(Path("/java"), "17", frozenset({"jdk.compiler"}))
    assert len([option for option in command_of(with_compiler) if "jdk.compiler" in option]) == 2


def test_the_agent_and_the_class_path() -> None:
    options = command_of()
    assert "-javaagent:/cache/jamm-0.4.0.jar" in options
    assert options[-3:] == [
        "-cp",
        "/cache/cassandra-all.jar:/cache/jamm-0.4.0.jar",
        command.MAIN_CLASS,
    ]


def test_jmx_is_off_unless_asked_for() -> None:
    assert not [option for option in command_of() if "jmx" in option.lower() and "local" in option]
    assert "-Dcassandra.jmx.local.port=7199" in command_of(jmx_port=7199)


@pytest.mark.parametrize("name", ["plain", "with space", 'Zürich & <co> "quoted"'])
def test_files_stand_any_directory(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    log = home / "logs" / "system.log"
    config.write(NodeSettings(directory=home), PORTS, log)
    yaml = json.loads((home / "conf" / "cassandra.yaml").read_text(encoding="utf-8"))
    assert yaml["commitlog_directory"] == str(home / "commitlog")
    logback = ET.fromstring((home / "conf" / "logback.xml").read_text(encoding="utf-8"))
    assert logback.findtext("appender/file") == str(log)
    rack = (home / "conf" / "cassandra-rackdc.properties").read_text(encoding="utf-8")
    assert rack == "dc=datacenter1\nrack=rack1\n"
