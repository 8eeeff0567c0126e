from __future__ import annotations

import pytest

from graphql_api import engine


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    engine.reset_counters()
