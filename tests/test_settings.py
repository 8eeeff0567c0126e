"""Configuration: what is taken, and what is refused by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from graphql_api.settings import (
    Database,
    Environment,
    LogLevel,
    Settings,
    SettingsError,
    load_settings,
)

TEMPLATE = Path(__file__).parents[1] / ".env.template"
SECRET = "AstraCS:do-not-tell"
ASTRA = {
    "ASTRA_DB_SECURE_BUNDLE_PATH": "/secure/bundle.zip",
    "ASTRA_DB_APPLICATION_TOKEN": SECRET,
    "ASTRA_DB_KEYSPACE": "parties",
}
# What `astra db create-dotenv` writes besides.
ASTRA_BESIDES = {
    "ASTRA_DB_ID": "3b2b7d7e-0000-0000-0000-000000000000",
    "ASTRA_DB_REGION": "eu-west-1",
    "ASTRA_DB_ENVIRONMENT": "prod",
    "ASTRA_DB_SECURE_BUNDLE_URL": "https://example.org/bundle.zip",
    "ASTRA_DB_GRAPHQL_URL": "https://example.org/graphql",
}
CLUSTER = {"CASSANDRA_CONTACT_POINTS": "10.0.0.1"}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **variables)
    message = str(refused.value)
    assert SECRET not in message
    assert "\n" not in message
    return message


def test_nothing_configured_is_the_embedded_database() -> None:
    settings = load_settings()
    assert settings.database is Database.EMBEDDED
    expected = {
        "astra_db_secure_bundle_path": None,
        "astra_db_application_token": None,
        "astra_db_keyspace": None,
        "cassandra_contact_points": (),
        "cassandra_port": 9042,
        "cassandra_local_datacenter": None,
        "cassandra_keyspace": "partyfinder",
        "cassandra_replication_factor": None,
        "cassandra_username": None,
        "cassandra_password": None,
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "environment": Environment.DEVELOPMENT,
        "log_level": LogLevel.INFO,
        "request_timeout": 10.0,
        "idempotency_key_ttl": 86400,
        "drawn_key_ttl": 600,
    }
    assert {name: getattr(settings, name) for name in expected} == expected


def test_empty_variables_are_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {name.upper(): "" for name in Settings.model_fields}
    assert load(monkeypatch, **empty) == load_settings()
    assert load_settings().database is Database.EMBEDDED


def test_astra_as_its_command_line_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **ASTRA, **ASTRA_BESIDES)
    assert settings.database is Database.ASTRA
    assert settings.keyspace == "parties"
    assert settings.astra_db_secure_bundle_path == Path("/secure/bundle.zip")
    assert settings.astra_db_application_token is not None
    assert settings.astra_db_application_token.get_secret_value() == SECRET


def test_astras_other_variables_alone_configure_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **ASTRA_BESIDES).database is Database.EMBEDDED


def test_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        CASSANDRA_CONTACT_POINTS=" 10.0.0.1, db.example.org ,,",
        CASSANDRA_PORT="9142",
        CASSANDRA_LOCAL_DATACENTER="west",
        CASSANDRA_KEYSPACE="parties_2",
        CASSANDRA_REPLICATION_FACTOR="3",
        CASSANDRA_USERNAME="ann",
        CASSANDRA_PASSWORD=SECRET,
    )
    assert settings.database is Database.CLUSTER
    assert settings.cassandra_contact_points == ("10.0.0.1", "db.example.org")
    assert (settings.cassandra_port, settings.cassandra_local_datacenter) == (9142, "west")
    assert (settings.keyspace, settings.cassandra_replication_factor) == ("parties_2", 3)
    assert settings.cassandra_username == "ann"
    assert settings.cassandra_password is not None
    assert settings.cassandra_password.get_secret_value() == SECRET


def test_a_keyspace_may_be_named_for_the_embedded_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = load(monkeypatch, CASSANDRA_KEYSPACE="mine")
    assert (settings.database, settings.keyspace) == (Database.EMBEDDED, "mine")


@pytest.mark.parametrize(
    "given",
    [
        ["ASTRA_DB_SECURE_BUNDLE_PATH"],
        ["ASTRA_DB_APPLICATION_TOKEN"],
        ["ASTRA_DB_KEYSPACE"],
        ["ASTRA_DB_SECURE_BUNDLE_PATH", "ASTRA_DB_APPLICATION_TOKEN"],
        ["ASTRA_DB_SECURE_BUNDLE_PATH", "ASTRA_DB_KEYSPACE"],
        ["ASTRA_DB_APPLICATION_TOKEN", "ASTRA_DB_KEYSPACE"],
    ],
)
def test_half_of_astra_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    message = refusal(monkeypatch, **{name: ASTRA[name] for name in given})
    missing = " and ".join(name for name in ASTRA if name not in given)
    verb = "is" if len(given) == 2 else "are"
    assert message == (
        f"{given[0]} is set, but {missing} {verb} not: set all of them, or none for the embedded "
        "Cassandra."
    )


@pytest.mark.parametrize(("given", "missing"), [("USERNAME", "PASSWORD"), ("PASSWORD", "USERNAME")])
def test_half_of_a_login_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: str, missing: str
) -> None:
    message = refusal(monkeypatch, **CLUSTER, **{f"CASSANDRA_{given}": SECRET})
    assert message.startswith(f"CASSANDRA_{given} is set, but CASSANDRA_{missing} is not: ")


@pytest.mark.parametrize(
    "variables",
    [
        {"CASSANDRA_PORT": "9142"},
        {"CASSANDRA_LOCAL_DATACENTER": "west"},
        {"CASSANDRA_REPLICATION_FACTOR": "3"},
        {"CASSANDRA_USERNAME": "ann", "CASSANDRA_PASSWORD": SECRET},
        {"CASSANDRA_PORT": "9142", "CASSANDRA_CONTACT_POINTS": " , "},
    ],
)
def test_a_cluster_without_contact_points_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    message = refusal(monkeypatch, **variables)
    assert message.startswith(f"{next(iter(variables))} is set, but CASSANDRA_CONTACT_POINTS is ")


@pytest.mark.parametrize("given", [list(ASTRA), list(ASTRA)[:1], list(ASTRA)[1:2]])
def test_two_databases_at_once_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    message = refusal(monkeypatch, **CLUSTER, **{name: ASTRA[name] for name in given})
    assert message == (
        f"two databases are configured, by {given[0]} and by CASSANDRA_CONTACT_POINTS: remove one "
        "of them from the environment and .env."
    )


@pytest.mark.parametrize(
    "name", [name for name in Settings.model_fields if name.startswith("cassandra_")]
)
def test_astra_and_any_setting_of_a_cluster_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    default = Settings.model_fields[name].default
    value = "7" if default is None or default == () else str(default)
    message = refusal(monkeypatch, **ASTRA, **{name.upper(): value})
    assert message.startswith(f"two databases are configured, by {next(iter(ASTRA))} and by CASS")


@pytest.mark.parametrize(
    ("given", "start"),
    [
        (
            {"CASSANDRA_TLS_CERTIFICATE": "x"},
            "CASSANDRA_TLS_CERTIFICATE is set, but CASS",
        ),
        (
            {"CASSANDRA_TLS_CA": "x"},
            "CASSANDRA_TLS_CA is set, but CASSANDRA_TLS is not: se",
        ),
        (
            {"CASSANDRA_SERIAL_CONSISTENCY": "LOCAL_SERIAL"},
            "CASSANDRA_SERIAL_CONSISTENCY is ",
        ),
        ({"CASSANDRA_SERIAL_CONSISTENCY": "QUORUM"}, "CASSANDRA_SERIAL_CONSISTENCY: input should "),
    ],
    ids=str,
)
def test_settings_of_a_cluster_that_contradict_each_other_are_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], start: str
) -> None:
    assert refusal(monkeypatch, **CLUSTER, **given).startswith(start)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASSANDRA_PORT", "0"),
        ("CASSANDRA_PORT", "65536"),
        ("CASSANDRA_PORT", SECRET),
        ("CASSANDRA_KEYSPACE", "party-finder"),
        ("CASSANDRA_KEYSPACE", "1st"),
        ("CASSANDRA_KEYSPACE", "k" * 49),
        ("CASSANDRA_KEYSPACE", 'x"; DROP'),
        ("CASSANDRA_REPLICATION_FACTOR", "0"),
        ("CASSANDRA_REPLICATION_FACTOR", "10"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", SECRET),
        ("WORKERS", "0"),
        ("WORKERS", "257"),
        ("WORKERS", "two"),
        ("ENVIRONMENT", "staging"),
        ("LOG_LEVEL", "LOUD"),
        ("REQUEST_TIMEOUT", "3"),
        ("REQUEST_TIMEOUT", "121"),
        ("IDEMPOTENCY_KEY_TTL", "59"),
        ("DRAWN_KEY_TTL", "59"),
        ("AUTH_ALGORITHMS", "HS256"),
        ("AUTH_ALGORITHMS", "RS256,none"),
        ("AUTH_ALGORITHMS", ","),
        ("AUTH_JWKS_URL", "http://provider.example/jwks"),
        ("AUTH_JWKS_URL", "http://localhost.example/jwks"),
        ("AUTH_JWKS_URL", "file:///keys"),
        ("AUTH_CLOCK_SKEW", "301"),
        ("AUTH_MODERATOR_SCOPE", "two words"),
        ("AUTH_CLIENT_ID", "two words"),
        ("AUTH_SCOPES", "profile email"),
        ("AUTH_SCOPES", "openid-connect"),
    ],
)
def test_an_unusable_value_is_refused_by_name_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    message = refusal(monkeypatch, **CLUSTER, **{name: value})
    assert message.startswith(f"{name}: ")
    assert message.endswith(". See .env.template for what each setting takes.")


def test_every_unusable_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, PORT="x", ENVIRONMENT="y", LOG_LEVEL="z")
    assert [part.split(":")[0] for part in message.split("; ")] == [
        "PORT",
        "ENVIRONMENT",
        "LOG_LEVEL",
    ]


def test_log_levels_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, LOG_LEVEL="debug").log_level is LogLevel.DEBUG


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text('PORT=1000\nHOST="0.0.0.0"\nASTRA_DB_ID=x\nUNKNOWN=y\n')
    monkeypatch.setenv("PORT", "2000")
    assert (load_settings().host, load_settings().port) == ("0.0.0.0", 2000)
    assert load_settings(port=3000, host=None).port == 3000
    monkeypatch.delenv("PORT")
    assert load_settings().port == 1000


def test_a_database_in_the_file_and_another_in_the_environment_are_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [f"{name}={value}" for name, value in ASTRA.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load_settings().database is Database.ASTRA
    assert "two databases are configured" in refusal(monkeypatch, **CLUSTER)


PROVIDER = {
    "AUTH_ISSUER": "https://provider.example/",
    "AUTH_AUDIENCE": "parties",
    "AUTH_JWKS_URL": "https://provider.example/jwks",
}


def test_an_identity_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load_settings().signs_in
    settings = load(monkeypatch, **PROVIDER, AUTH_ALGORITHMS="ES256, PS512")
    assert settings.signs_in
    assert settings.auth_algorithms == ("ES256", "PS512")


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("AUTH_ISSUER", "AUTH_AUDIENCE is set, but AUTH_ISSUER is not"),
        ("AUTH_AUDIENCE", "AUTH_ISSUER is set, but AUTH_AUDIENCE is not"),
        (
            "AUTH_JWKS_URL",
            "AUTH_ISSUER is set, but AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE is not",
        ),
    ],
)
def test_half_an_identity_provider_is_refused(
    monkeypatch: pytest.MonkeyPatch, left_out: str, named: str
) -> None:
    half = {name: value for name, value in PROVIDER.items() if name != left_out}
    assert refusal(monkeypatch, **half) == (
        f"{named}: set all of them, or none for anybody to change any party."
    )


def test_a_client_id_takes_a_provider_that_browsers_can_be_sent_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(monkeypatch, **PROVIDER, AUTH_CLIENT_ID="web").auth_scopes == "openid profile"
    local = {**PROVIDER, "AUTH_ISSUER": "http://localhost:8080/realms/x", "AUTH_CLIENT_ID": "web"}
    assert load(monkeypatch, **local).auth_client_id == "web"
    for issuer in ("partyfinder", "http://provider.example/", "https://provider.example;x/"):
        assert refusal(monkeypatch, **{**local, "AUTH_ISSUER": issuer}) == (
            "AUTH_CLIENT_ID is set, so AUTH_ISSUER must be an address that browsers can be sent "
            "to: https, or http on this machine."
        )


def test_a_client_id_without_a_provider_is_half_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, AUTH_CLIENT_ID="web") == (
        "AUTH_CLIENT_ID is set, but AUTH_ISSUER and AUTH_AUDIENCE and AUTH_JWKS_URL or "
        "AUTH_PUBLIC_KEY_FILE are not: set all of them, or none for anybody to change any party."
    )


def test_keys_of_two_sources_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, **PROVIDER, AUTH_PUBLIC_KEY_FILE="key.pem") == (
        "AUTH_JWKS_URL and AUTH_PUBLIC_KEY_FILE are both set: remove one of them from the "
        "environment and .env."
    )


@pytest.mark.parametrize(
    "variables", [ASTRA, {**CLUSTER, "CASSANDRA_USERNAME": "ann", "CASSANDRA_PASSWORD": SECRET}]
)
def test_secrets_are_never_shown(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    settings = load(monkeypatch, **variables)
    shown: list[Any] = [repr(settings), str(settings), settings.model_dump_json()]
    shown += [repr(settings.model_dump()), repr(vars(settings))]
    for text in shown:
        assert "do-not-tell" not in text


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_the_template_documents_every_setting_and_nothing_else() -> None:
    documented = re.findall(r"^#?([A-Z_]+)=", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(name.upper() for name in Settings.model_fields)


def test_the_template_as_it_is_sets_nothing() -> None:
    assert dotenv_values(TEMPLATE) == {}


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    shown = re.findall(r"^#([A-Z_]+=.+)$", text, re.MULTILINE)
    examples = [line for line in shown if line.startswith("ASTRA_DB_")]
    assert len(examples) < len(shown)
    (tmp_path / "shown").write_text("\n".join(line for line in shown if line not in examples))
    settings = Settings(_env_file=tmp_path / "shown")  # type: ignore[call-arg]  # pydantic's own
    assert settings.model_fields_set != set()
    assert settings == load_settings()
