"""Every setting, from the environment or `.env`, validated into one frozen object.

Neighbours: `.env.template` documents the same names (a test compares the two); `app.py` hands the
settings to the parts that need them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsError(Exception):
    """The configuration cannot be used. The message names each setting at fault and what to do."""


class Environment(StrEnum):
    """Where the server runs: development shows more, production tells callers less."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """The least severe record that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Database(StrEnum):
    """Which Cassandra the settings speak of."""

    ASTRA = "astra"
    CLUSTER = "cluster"
    EMBEDDED = "embedded"


ASTRA = ("ASTRA_DB_SECURE_BUNDLE_PATH", "ASTRA_DB_APPLICATION_TOKEN", "ASTRA_DB_KEYSPACE")
ONLY_WITH_CONTACT_POINTS = (
    "CASSANDRA_PORT",
    "CASSANDRA_LOCAL_DATACENTER",
    "CASSANDRA_REPLICATION_FACTOR",
    "CASSANDRA_SERIAL_CONSISTENCY",
    "CASSANDRA_USERNAME",
    "CASSANDRA_PASSWORD",
    "CASSANDRA_TLS",
    "CASSANDRA_TLS_CA",
    "CASSANDRA_TLS_CERTIFICATE",
    "CASSANDRA_TLS_KEY",
    "CASSANDRA_TLS_VERIFY_HOST",
)
ORIGIN = r"^(\*|https?://[^/\s,]+)$"
RATE = r"^(off|[1-9]\d{0,8}/(second|minute|hour))$"
RATE_IN_PRODUCTION = "120000/minute"
TTL_OF_TIMEOUT = 5
AUTH = ("AUTH_ISSUER", "AUTH_AUDIENCE")
AUTH_KEYS = ("AUTH_JWKS_URL", "AUTH_PUBLIC_KEY_FILE")
AUTH_PAGE = ("AUTH_CLIENT_ID",)
# Asymmetric ones only: with a shared secret whoever can verify a token can make one.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
KEYS_URL = r"^(https://[^/\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/\S*)?$"
# Of the provider's pages, which a browser is sent to: an address with nothing behind its path.
ISSUER_URL = r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1|\[::1\]))(:\d+)?(/[^\s?#]*)?"
SCOPES = r"^([!-~]+ )*openid( [!-~]+)*$"
KEYSPACE = r"^[a-zA-Z][a-zA-Z0-9_]{0,47}$"


class Settings(BaseSettings):
    """The configuration of one server process. Times are in seconds."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    astra_db_secure_bundle_path: Path | None = None
    astra_db_application_token: SecretStr | None = None
    astra_db_keyspace: Annotated[str, Field(pattern=KEYSPACE)] | None = None

    cassandra_contact_points: Annotated[tuple[str, ...], NoDecode] = ()
    cassandra_port: Annotated[int, Field(ge=1, le=65535)] = 9042
    cassandra_local_datacenter: str | None = None
    cassandra_keyspace: Annotated[str, Field(pattern=KEYSPACE)] = "partyfinder"
    cassandra_replication_factor: Annotated[int, Field(ge=1, le=9)] | None = None
    cassandra_serial_consistency: Literal["SERIAL", "LOCAL_SERIAL"] = "SERIAL"
    cassandra_username: str | None = None
    cassandra_password: SecretStr | None = None
    cassandra_tls: bool = False
    cassandra_tls_ca: Path | None = None
    cassandra_tls_certificate: Path | None = None
    cassandra_tls_key: Path | None = None
    cassandra_tls_verify_host: bool = True
    sync_schema: bool = True

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    stop_delay: Annotated[float, Field(ge=0, le=120)] = 0.0
    environment: Environment = Environment.DEVELOPMENT
    log_level: LogLevel = LogLevel.INFO
    engine: bool = True
    metrics: bool | None = None
    slow_operation: Annotated[float, Field(ge=0, le=3600)] = 1.0

    introspection: bool | None = None
    document_limit: Annotated[int, Field(ge=100)] = 65_536
    token_limit: Annotated[int, Field(ge=10)] = 2000
    depth_limit: Annotated[int, Field(ge=1, le=100)] = 16
    field_limit: Annotated[int, Field(ge=1)] = 1000
    alias_limit: Annotated[int, Field(ge=0)] = 30
    root_field_limit: Annotated[int, Field(ge=1)] = 20
    directive_limit: Annotated[int, Field(ge=0)] = 30
    cost_limit: Annotated[int, Field(ge=1)] = 1000
    variables_limit: Annotated[int, Field(ge=100)] = 100_000

    body_limit: Annotated[int, Field(ge=1000, le=100_000_000)] = 1_000_000
    batch_limit: Annotated[int, Field(ge=0, le=100)] = 0
    compress_from: Annotated[int, Field(ge=0)] = 4096
    validation_status: Literal["422", "400"] = "422"
    simple_get: bool | None = None
    graphiql: bool | None = None
    cors_origins: Annotated[tuple[Annotated[str, Field(pattern=ORIGIN)], ...], NoDecode] = ()
    trusted_documents: Path | None = None

    auth_issuer: str | None = None
    auth_audience: str | None = None
    auth_jwks_url: Annotated[str, Field(pattern=KEYS_URL)] | None = None
    auth_public_key_file: Path | None = None
    auth_algorithms: Annotated[tuple[Algorithm, ...], NoDecode, Field(min_length=1)] = (
        "RS256",
        "ES256",
        "EdDSA",
    )
    auth_clock_skew: Annotated[float, Field(ge=0, le=300)] = 30.0
    auth_client_id: Annotated[str, Field(pattern=r"^[!-~]+$")] | None = None
    auth_scopes: Annotated[str, Field(pattern=SCOPES)] = "openid profile"
    auth_moderator_scope: Annotated[str, Field(pattern=r"^\S+$")] = "moderate:parties"

    live_interval: Annotated[float, Field(ge=0.05, le=60)] = 0.5
    stream_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    operation_limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    message_limit: Annotated[int, Field(ge=1000, le=100_000_000)] = 100_000
    connection_init_timeout: Annotated[float, Field(gt=0, le=60)] = 3.0
    keep_alive: Annotated[float, Field(gt=0, le=600)] = 12.0

    rate_limit: Annotated[str, Field(pattern=RATE)] | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()

    idle_timeout: Annotated[float, Field(gt=0, le=3600)] = 75.0
    request_timeout: Annotated[float, Field(ge=4, le=120)] = 10.0
    idempotency_key_ttl: Annotated[int, Field(ge=60, le=30 * 86400)] = 86400
    drawn_key_ttl: Annotated[int, Field(ge=60, le=86400)] = 600
    group_size: Annotated[int, Field(ge=1, le=200)] = 200
    queue_length: Annotated[int, Field(ge=1, le=100_000)] = 5000
    reads_in_flight: Annotated[int, Field(ge=1, le=30_000)] = 1024
    reads_waiting: Annotated[int, Field(ge=0)] = 10_000
    joins_pushes: bool = True
    proposals_in_flight: Annotated[int, Field(ge=1, le=1024)] = 64
    changing_parties: Annotated[int, Field(ge=1)] = 10_000
    overload_after: Annotated[float, Field(ge=0)] = 1.0

    @field_validator(
        "cassandra_contact_points",
        "cors_origins",
        "trusted_proxies",
        "auth_algorithms",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(point.strip() for point in value.split(",") if point.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)  # says what is wrong with it
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _keys_outlive_requests(self) -> Self:
        """A change is proposed again while its request waits, and known by its key's row alone."""
        for name in ("idempotency_key_ttl", "drawn_key_ttl"):
            if getattr(self, name) < TTL_OF_TIMEOUT * self.request_timeout:
                raise ValueError(
                    f"{name.upper()} must be at least {TTL_OF_TIMEOUT} times REQUEST_TIMEOUT, "
                    "lest a change be counted twice"
                )
        return self

    @property
    def database(self) -> Database:
        """The database that is configured; the embedded one where none is."""
        if self.astra_db_secure_bundle_path is not None:
            return Database.ASTRA
        return Database.CLUSTER if self.cassandra_contact_points else Database.EMBEDDED

    @property
    def keyspace(self) -> str:
        """The keyspace of the configured database."""
        if self.database is Database.ASTRA and self.astra_db_keyspace is not None:
            return self.astra_db_keyspace
        return self.cassandra_keyspace

    @property
    def in_production(self) -> bool:
        """True with ENVIRONMENT=production."""
        return self.environment is Environment.PRODUCTION

    @property
    def signs_in(self) -> bool:
        """Whether an identity provider is configured."""
        return self.auth_issuer is not None

    @property
    def rate(self) -> str | None:
        """What a caller or address may cost in a while; None for as much as it likes."""
        rate = self.rate_limit or (RATE_IN_PRODUCTION if self.in_production else "off")
        return None if rate == "off" else rate

    @property
    def introspects(self) -> bool:
        """Whether clients may ask for the schema, and errors tell of it."""
        return not self.in_production if self.introspection is None else self.introspection

    @property
    def shows_graphiql(self) -> bool:
        """Whether a browser at /graphql gets GraphiQL."""
        return not self.in_production if self.graphiql is None else self.graphiql

    @property
    def shows_metrics(self) -> bool:
        """Whether /metrics is there."""
        return not self.in_production if self.metrics is None else self.metrics

    @property
    def answers_simple_get(self) -> bool:
        """Whether a GET is answered that a browser sends to any site without asking it first."""
        return not self.in_production if self.simple_get is None else self.simple_get


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`.

    Args:
        overrides: settings by field name that win over both, as the command line gives them.

    Raises:
        SettingsError: a value is unusable, or the database is configured by half or twice.
    """
    try:
        settings = Settings(
            **{name: value for name, value in overrides.items() if value is not None}
        )
    except ValidationError as error:
        raise SettingsError(_unusable(error)) from None
    _require_one_database(settings)
    _require_whole_provider(settings)
    return settings


def _unusable(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        lines.append(f"{name}: {problem['msg'][:1].lower()}{problem['msg'][1:]}")
    return "; ".join(lines) + ". See .env.template for what each setting takes."


def _require_one_database(settings: Settings) -> None:
    given = {name.upper() for name in settings.model_fields_set}
    astra = [name for name in ASTRA if name in given]
    others = ("CASSANDRA_CONTACT_POINTS", "CASSANDRA_KEYSPACE", *ONLY_WITH_CONTACT_POINTS)
    contrary = next((name for name in others if name in given), None)
    if astra and contrary is not None:
        raise SettingsError(
            f"two databases are configured, by {astra[0]} and by {contrary}: "
            "remove one of them from the environment and .env."
        )
    if astra and len(astra) < len(ASTRA):
        _refuse_half(astra[0], [name for name in ASTRA if name not in given])
    _require_both(given, "CASSANDRA_USERNAME", "CASSANDRA_PASSWORD")
    _require_both(given, "CASSANDRA_TLS_CERTIFICATE", "CASSANDRA_TLS_KEY")
    alone = [name for name in ONLY_WITH_CONTACT_POINTS if name in given]
    if alone and not settings.cassandra_contact_points:
        _refuse_half(alone[0], ["CASSANDRA_CONTACT_POINTS"])
    tls = [name for name in alone if name.startswith("CASSANDRA_TLS_")]
    if tls and not settings.cassandra_tls:
        raise SettingsError(f"{tls[0]} is set, but CASSANDRA_TLS is not: set CASSANDRA_TLS=true.")
    local = settings.cassandra_serial_consistency == "LOCAL_SERIAL"
    if local and settings.cassandra_local_datacenter is None:
        raise SettingsError(
            "CASSANDRA_SERIAL_CONSISTENCY is LOCAL_SERIAL, which is right for a single writing "
            "data centre only: name it in CASSANDRA_LOCAL_DATACENTER."
        )


def _require_both(given: set[str], *pair: str) -> None:
    present = [name for name in pair if name in given]
    if len(present) == 1:
        _refuse_half(present[0], [name for name in pair if name not in given])


def _require_whole_provider(settings: Settings) -> None:
    given = {name.upper() for name in settings.model_fields_set}
    named = [name for name in (*AUTH, *AUTH_KEYS, *AUTH_PAGE) if name in given]
    if not named:
        return
    missing = [name for name in AUTH if name not in given]
    if not given.intersection(AUTH_KEYS):
        missing.append(" or ".join(AUTH_KEYS))
    if missing:
        _refuse_half(named[0], missing, "anybody to change any party")
    if given.issuperset(AUTH_KEYS):
        raise SettingsError(
            f"{' and '.join(AUTH_KEYS)} are both set: remove one of them from the environment and "
            ".env."
        )
    if settings.auth_client_id and not re.fullmatch(ISSUER_URL, settings.auth_issuer or ""):
        raise SettingsError(
            "AUTH_CLIENT_ID is set, so AUTH_ISSUER must be an address that browsers can be sent "
            "to: https, or http on this machine."
        )


def _refuse_half(given: str, missing: list[str], none: str = "the embedded Cassandra") -> None:
    raise SettingsError(
        f"{given} is set, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not: "
        f"set all of them, or none for {none}."
    )
