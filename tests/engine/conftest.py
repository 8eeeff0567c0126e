from __future__ import annotations

from typing import Any

import pytest

from graphql_api import engine
from graphql_api.engine.fields import Field


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    engine.reset_counters()


@pytest.fixture
def built_infos(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the fields that an `info` has been built for."""
    built: list[str] = []
    build = Field.info

    def info(field: Field, run: Any, parent: Any) -> Any:
        built.append(field.name)
        return build(field, run, parent)

    monkeypatch.setattr(Field, "info", info)
    return built
