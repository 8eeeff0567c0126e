"""Who is calling: tokens of a real provider, good and bad, over every transport."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
import pytest

from graphql_api.identity import key_set
from tests.support.live import PARTY_CHANGED, a_socket, an_event_stream, until
from tests.support.provider import AUDIENCE, Provider, a_key, a_provider, bearer
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

PAUSE = 0.1  # seconds between fetches of the provider's keys
JOIN = "mutation($id: ID!) { joinParty(input: {partyId: $id}) { __typename } }"
NAME = {"data": {"__typename": "Query"}}


@pytest.fixture(autouse=True)
def fetches_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_set, "SHORTEST_PAUSE", PAUSE)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as opened:
        yield opened


@pytest.fixture
async def signed(parts: Parts, settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    """A server with the provider configured, no clock skew allowed."""
    async with serving_app(parts, settings, **provider.settings, auth_clock_skew=0) as api:
        yield api


class Answer(NamedTuple):
    """What came of a request under a token: a status or close code, the error's text and code."""

    status: int
    message: str | None = None
    code: str | None = None
    challenge: str | None = None


async def over_http(api: Api, headers: dict[str, str], method: str = "POST") -> Answer:
    sent: dict[str, Any] = {"json": {"query": "{ __typename }"}}
    if method == "GET":
        sent = {"params": {"query": "{ __typename }"}}
    url = f"{api.url}/graphql"
    async with api.session.request(method, url, headers=headers, **sent) as response:
        if response.content_type == "text/event-stream":
            assert b'"Query"' in await response.read()
            return Answer(response.status)
        body = await response.json()
        if "errors" not in body:
            assert body == NAME
            return Answer(response.status)
        error = body["errors"][0]
        challenge = response.headers.get("WWW-Authenticate")
        return Answer(response.status, error["message"], error["extensions"]["code"], challenge)


async def over_socket(api: Api, token: str) -> Answer:
    async with a_socket(api, initialised=False) as socket:
        await socket.send("connection_init", payload=bearer(token))
        message = await socket.raw.receive(timeout=30)
        if message.data == 4403:
            return Answer(4403, (message.extra or "").removeprefix("Forbidden: "))
        assert json.loads(message.data) == {"type": "connection_ack"}
        await socket.subscribe("1", "{ __typename }")
        assert await socket.next("1") == NAME["data"]
        return Answer(200)


def hs256_with_the_public_key(provider: Provider) -> str:
    """The classic: what verifies is public, so used as a secret it would let anybody sign."""

    def part(content: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")

    text = part({"alg": "HS256", "kid": "first"}) + b"." + part(provider.claims("mallory"))
    mac = hmac.digest(provider.keys[0].pem, text, hashlib.sha256)
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def tampered(provider: Provider) -> str:
    """A good token whose claims were exchanged."""
    header, _, signature = provider.token("ann").split(".")
    claims = base64.urlsafe_b64encode(json.dumps(provider.claims("mallory")).encode())
    return f"{header}.{claims.decode().rstrip('=')}.{signature}"


ALGORITHM = "The token is signed with an algorithm not taken here."
FORGED: dict[str, tuple[Callable[[Provider], str], str]] = {
    "forged": (
        lambda provider: provider.token("ann", a_key("first")),
        "The token's signature is wrong.",
    ),
    "tampered": (tampered, "The token's signature is wrong."),
    "unknown key": (
        lambda provider: provider.token("ann", a_key("other")),
        "The token is signed with a key that its issuer does not have.",
    ),
    "expired": (
        lambda provider: provider.token("ann", exp=int(time.time()) - 1),
        "The token has expired.",
    ),
    "not yet valid": (
        lambda provider: provider.token("ann", nbf=int(time.time()) + 60),
        "The token is not valid yet.",
    ),
    "issued in the future": (
        lambda provider: provider.token("ann", iat=int(time.time()) + 60),
        "The token is not valid yet.",
    ),
    "wrong audience": (
        lambda provider: provider.token("ann", aud="https://other.example/"),
        "The token is for another audience.",
    ),
    "wrong issuer": (
        lambda provider: provider.token("ann", iss="https://other.example/"),
        "The token is from another issuer.",
    ),
    "alg none": (
        lambda provider: jwt.encode(provider.claims("ann"), "", "none", {"kid": "first"}),
        ALGORITHM,
    ),
    "HS256 with the public key": (hs256_with_the_public_key, ALGORITHM),
    "an algorithm that is not the key's": (
        lambda provider: jwt.encode(
            provider.claims("ann"), a_key("first", "ES256").private, "ES256", {"kid": "first"}
        ),
        ALGORITHM,
    ),
    **{
        f"without {name}": (
            lambda provider, name=name: provider.token("ann", **{name: None}),  # type: ignore[misc]
            "The token lacks one of iss, aud, exp, sub.",
        )
        for name in ("iss", "aud", "exp", "sub")
    },
    "nobody's": (
        lambda provider: provider.token(""),
        "The token names nobody: its sub cannot be used.",
    ),
    "a name with a line break": (
        lambda provider: provider.token("ann\n"),
        "The token names nobody: its sub cannot be used.",
    ),
    "too long": (lambda provider: provider.token("ann", more="x" * 20_000), ""),
    "no token": (lambda _provider: "nonsense", "The token cannot be read."),
}


@pytest.mark.parametrize("kind", FORGED)
async def test_a_bad_token_is_refused_on_every_transport(
    signed: Api, provider: Provider, kind: str
) -> None:
    make, message = FORGED[kind]
    token = make(provider)
    if kind == "too long":  # longer than a header may be at all
        assert await over_socket(signed, token) == Answer(4403, "The token is too long.")
        return
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    refused = Answer(401, message, "UNAUTHENTICATED", challenge)
    for method in ("POST", "GET"):
        for accept in ("application/json", "application/graphql-response+json", EVENTS):
            headers = {"Accept": accept, **bearer(token)}
            assert await over_http(signed, headers, method) == refused
    assert await over_socket(signed, token) == Answer(4403, message)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", **bearer(token)}
    assert await over_http(signed, upgrade, "GET") == refused


EVENTS = "text/event-stream"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_good_token_is_taken_on_every_transport(
    signed: Api, provider: Provider, algorithm: str
) -> None:
    provider.rotate(algorithm, algorithm, keeps=True)
    token = provider.token("ann")
    for method in ("POST", "GET"):
        for accept in ("application/json", EVENTS):
            assert await over_http(signed, {"Accept": accept, **bearer(token)}, method) == (
                Answer(200)
            )
    assert await over_socket(signed, token) == Answer(200)


async def test_other_schemes_are_refused(signed: Api) -> None:
    for value in ("Basic YTpi", "Bearer", "Bearer ", ""):
        answer = await over_http(signed, {"Authorization": value})
        assert answer[:3] == (
            401,
            "Send the token as Authorization: Bearer TOKEN.",
            "UNAUTHENTICATED",
        )
    async with a_socket(signed, initialised=False) as socket:
        await socket.send("connection_init", payload={"authorization": 7})
        assert await socket.receive() == 4403


async def test_a_little_skew_is_forgiven(
    parts: Parts, settings: Settings, provider: Provider
) -> None:
    late = provider.token("ann", exp=int(time.time()) - 5)
    async with serving_app(parts, settings, **provider.settings, auth_clock_skew=60) as api:
        assert await over_http(api, bearer(late)) == Answer(200)


async def test_nobody_reads_and_does_not_change(signed: Api, api: Api) -> None:
    party = await api.create()
    assert await signed.party(party["id"]) == party
    answer = await signed.send(JOIN, id=party["id"])
    assert answer["data"] == {"joinParty": None}
    assert answer["errors"][0]["message"] == "Sign in to change anything: send a token."
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    for field, wanted in (
        ("createParty", {"city": "A", "name": "B", "date": "2027-01-01T00:00:00Z"}),
        ("updateParty", {"partyId": party["id"], "name": "C"}),
        ("deleteParty", {"partyId": party["id"]}),
        ("leaveParty", {"partyId": party["id"]}),
    ):
        kind = field[0].upper() + field[1:] + "Input"
        query = f"mutation($input: {kind}!) {{ {field}(input: $input) {{ __typename }} }}"
        answer = await signed.send(query, input=wanted)
        assert answer["data"] == {field: None}
        assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert await api.party(party["id"]) == party


async def test_without_a_provider_tokens_are_not_looked_at(api: Api) -> None:
    assert await over_http(api, {"Authorization": "Bearer nonsense"}) == Answer(200)
    assert await over_socket(api, "nonsense") == Answer(200)


@pytest.mark.parametrize(
    ("environment", "is_configured", "said"),
    [("production", False, 1), ("production", True, 0), ("development", False, 0)],
)
async def test_in_production_it_is_said_that_nobody_signs_in(
    parts: Parts,
    settings: Settings,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    environment: str,
    is_configured: bool,  # noqa: FBT001  # a parameter of the test
    said: int,
) -> None:
    configured = provider.settings if is_configured else {}
    async with serving_app(parts, settings, **configured, environment=environment):
        sentences = [each for each in caplog.messages if each.startswith("Nobody is signed in")]
    assert len(sentences) == said


async def test_keys_change_while_the_server_runs(signed: Api, provider: Provider) -> None:
    before = provider.token("ann")
    assert await over_http(signed, bearer(before)) == Answer(200)
    provider.rotate("second", keeps=True)
    assert await over_http(signed, bearer(provider.token("ann"))) == Answer(200)
    assert await over_http(signed, bearer(before)) == Answer(200)
    provider.rotate("third")  # the others are taken back
    assert await over_http(signed, bearer(provider.token("ann"))) == Answer(200)
    assert (await over_http(signed, bearer(before))).status == 401


async def test_however_many_unknown_keys_are_named_the_provider_is_asked_now_and_then(
    signed: Api, provider: Provider
) -> None:
    assert await over_http(signed, bearer(provider.token("ann"))) == Answer(200)
    forged = a_key("0")
    tokens = [
        jwt.encode(provider.claims("ann"), forged.private, "RS256", {"kid": str(number)})
        for number in range(50)
    ]
    began, fetches = time.monotonic(), provider.fetches
    answers = await asyncio.gather(*(over_http(signed, bearer(token)) for token in tokens))
    assert {answer.status for answer in answers} == {401}
    # At most one per pause, and the one that was due.
    assert provider.fetches - fetches <= (time.monotonic() - began) / PAUSE + 1


async def test_while_the_provider_is_away_known_keys_go_on_working(
    signed: Api, provider: Provider
) -> None:
    token = provider.token("ann")
    assert await over_http(signed, bearer(token)) == Answer(200)
    provider.is_away = True
    provider.rotate("second")
    answer = await over_http(signed, bearer(provider.token("ann")))
    assert (answer.status, answer.code) == (503, "IDENTITY_PROVIDER_UNAVAILABLE")
    assert answer.challenge is None
    assert (await over_http(signed, bearer(token))) == Answer(200)
    async with a_socket(signed, initialised=False) as socket:
        await socket.send("connection_init", payload=bearer(provider.token("ann")))
        assert await socket.receive() == 1013
    provider.is_away = False
    assert await over_http(signed, bearer(provider.token("ann"))) == Answer(200)


async def test_a_server_starts_while_the_provider_is_away(
    parts: Parts, settings: Settings, provider: Provider
) -> None:
    provider.is_away = True
    async with serving_app(parts, settings, **provider.settings) as api:
        await until(lambda: provider.fetches > 0)
        assert (await over_http(api, {})).status == 200
        provider.is_away = False
        assert await over_http(api, bearer(provider.token("ann"))) == Answer(200)


async def test_a_key_out_of_a_file(
    parts: Parts, settings: Settings, provider: Provider, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(provider.keys[0].pem)
    chosen = {"auth_issuer": provider.issuer, "auth_audience": AUDIENCE}
    async with serving_app(parts, settings, **chosen, auth_public_key_file=file) as api:
        assert await over_http(api, bearer(provider.token("ann"))) == Answer(200)
        other = provider.token("ann", a_key("first"))
        assert (await over_http(api, bearer(other))).message == "The token's signature is wrong."
        assert (await over_http(api, bearer(hs256_with_the_public_key(provider)))).status == 401
    assert provider.fetches == 0


EXPIRED = {
    "message": "The token has expired. Get a new one and subscribe again.",
    "extensions": {"code": "UNAUTHENTICATED"},
}


async def test_a_token_that_expires_ends_subscriptions_over_a_socket(
    signed: Api, provider: Provider, api: Api
) -> None:
    party = await api.create()
    async with a_socket(signed, initialised=False) as socket:
        token = provider.token("ann", exp=int(time.time()) + 2)
        await socket.send("connection_init", payload=bearer(token))
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.subscribe("1", PARTY_CHANGED, id=party["id"])
        assert await socket.next("1") == {"partyChanged": {"people": 0, "revision": 1}}
        message = await socket.receive()
        assert message == {
            "type": "next",
            "id": "1",
            "payload": {"data": None, "errors": [EXPIRED]},
        }
        assert await socket.receive() == {"type": "complete", "id": "1"}
        assert await socket.receive() == 4403


async def test_a_token_that_expires_ends_an_event_stream(
    signed: Api, provider: Provider, api: Api
) -> None:
    party = await api.create()
    signed.session.headers.update(bearer(provider.token("ann", exp=int(time.time()) + 2)))
    async with an_event_stream(signed, PARTY_CHANGED, id=party["id"]) as events:
        changed = {"partyChanged": {"people": 0, "revision": 1}}
        assert await events.next() == ("next", {"data": changed})
        assert await events.next() == ("next", {"data": None, "errors": [EXPIRED]})
        assert await events.next() == ("complete", None)
        assert await events.next() is None


async def test_a_subscription_of_nobody_does_not_end(signed: Api, api: Api) -> None:
    party = await api.create()
    async with an_event_stream(signed, PARTY_CHANGED, id=party["id"]) as events:
        await events.next()
        await api.mutate("joinParty", partyId=party["id"])
        changed = {"partyChanged": {"people": 1, "revision": 2}}
        assert await events.next() == ("next", {"data": changed})
