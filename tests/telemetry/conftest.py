"""A server that counts from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api


@pytest.fixture
async def measured(parts: Parts, settings: Settings) -> AsyncIterator[Api]:
    """An application that begins to count when the test does."""
    async with serving_app(parts, settings) as served:
        yield served
