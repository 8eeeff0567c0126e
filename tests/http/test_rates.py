"""Rates: who is charged, how much, and what they hear who have spent it all."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from graphql_api.http.rates import Proxies
from tests.support.live import a_socket
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

PAGE = '{ parties(city: "Rates", first: 10) { nodes { id } } }'  # 4 units
CHEAP = {"query": "{ __typename }"}


async def send(api: Api, body: dict[str, Any], address: str = "") -> tuple[int, Any, Any]:
    headers = {"X-Forwarded-For": address} if address else None
    url = f"{api.url}/graphql"
    async with api.session.post(url, json=body, headers=headers) as response:
        return response.status, await response.json(), response.headers.get("Retry-After")


async def test_operations_are_charged_by_their_cost(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, rate_limit="100/hour") as api:
        for _ in range(24):
            assert (await send(api, {"query": PAGE}))[0] == 200
        for _ in range(4):
            assert (await send(api, CHEAP))[0] == 200
        with recording(parts) as recorder:
            status, answer, retry_after = await send(api, {"query": PAGE})
        assert recorder.sent == []
        assert status == 429
        assert answer["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
        assert retry_after is not None
        assert 1 <= int(retry_after) <= 7200
        assert f"Try again in {retry_after} s." in answer["errors"][0]["message"]
        async with api.session.get(f"{api.url}/readyz") as response:
            assert response.status == 200


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ " + "id " * 3000 + "}"])
async def test_what_is_refused_is_charged_as_well(
    parts: Parts, settings: Settings, query: str
) -> None:
    async with serving_app(parts, settings, rate_limit="25/hour") as api:
        codes = [
            (await send(api, {"query": query}))[1]["errors"][0]["extensions"]["code"]
            for _ in range(4)
        ]
        assert "RATE_LIMITED" not in codes[:2]
        assert codes[2:] == ["RATE_LIMITED"] * 2


async def test_each_address_has_a_rate_where_the_proxy_is_trusted(
    parts: Parts, settings: Settings
) -> None:
    proxies = ("127.0.0.0/8", "10.1.2.3")
    async with serving_app(parts, settings, rate_limit="4/hour", trusted_proxies=proxies) as api:
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"):
            assert (await send(api, {"query": PAGE}, address))[0] == 200
            assert (await send(api, CHEAP, f"203.0.113.9, {address}, 10.1.2.3"))[0] == 429
        assert (await send(api, CHEAP, "2001:db8::ffff"))[0] == 429
    async with serving_app(parts, settings, rate_limit="4/hour") as api:
        assert (await send(api, {"query": PAGE}, "192.0.2.1"))[0] == 200
        assert (await send(api, CHEAP, "192.0.2.2"))[0] == 429


async def test_no_transport_is_free(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, rate_limit="8/hour") as api, AsyncExitStack() as stack:
        socket = await stack.enter_async_context(a_socket(api))
        await socket.subscribe("1", PAGE)
        assert await socket.next("1") == {"parties": {"nodes": []}}
        await socket.receive()
        assert (await send(api, {"query": PAGE}))[0] == 200
        await socket.subscribe("2", PAGE)
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]) == (
            "error",
            {"code": "RATE_LIMITED"},
        )
        url = f"{api.url}/graphql"
        events = {"Accept": "text/event-stream"}
        for request in (
            api.session.post(url, json=CHEAP, headers=events),
            api.session.get(url, params=CHEAP),
        ):
            async with request as response:
                assert response.status == 429


async def test_rates_are_off_in_development_and_on_in_production(settings: Settings) -> None:
    def rate(**changes: Any) -> str | None:
        given = {**settings.model_dump(exclude_unset=True), **changes, "_env_file": None}
        return type(settings)(**given).rate

    assert rate() is None
    assert rate(environment="production") == "120000/minute"
    assert rate(environment="production", rate_limit="off") is None
    assert rate(rate_limit="5/second") == "5/second"
    for wrong in ("lots", "0/second", "5/fortnight"):
        with pytest.raises(ValueError, match="rate_limit"):
            rate(rate_limit=wrong)
    with pytest.raises(ValueError, match="trusted_proxies"):
        rate(trusted_proxies="localhost")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "10.0.0.5"),
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1, 192.0.2.2"], "192.0.2.2"),
        (["192.0.2.1", "10.0.0.1, 10.9.9.9"], "192.0.2.1"),
        (["10.0.0.1"], "10.0.0.1"),
        ([""], "10.0.0.5"),
        (["nonsense, 10.0.0.1"], "nonsense"),
        (["::ffff:192.0.2.1"], "192.0.2.1"),
    ],
)
def test_a_client_is_the_last_address_that_no_proxy_of_ours_has(
    forwarded: list[str], client: str
) -> None:
    headers = CIMultiDict([("X-Forwarded-For", each) for each in forwarded])
    request = make_mocked_request("GET", "/").clone(remote="10.0.0.5", headers=headers)
    assert Proxies(["10.0.0.0/8"]).client(request) == client
