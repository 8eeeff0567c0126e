"""The DateTime scalar: where offsets end and the convention of `clock.py` begins."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.schema.config import StrawberryConfig

from graphql_api import clock
from graphql_api.errors import BadUserInputError

_YEARS = range(1900, 9999)


def _serialize(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "Z"


def _parse(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None and moment.year in _YEARS:
            return clock.from_aware(moment)
    except (ValueError, OverflowError):
        pass
    raise BadUserInputError(
        'a DateTime is ISO 8601 with an offset, such as "2027-06-30T20:00:00Z" or '
        '"2027-06-30T22:00:00+02:00".'
    )


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="ISO 8601 with an offset, to the millisecond; answered in UTC.",
    serialize=_serialize,
    parse_value=_parse,
)


def config() -> StrawberryConfig:
    """The schema's configuration."""
    return StrawberryConfig(scalar_map={datetime: DATE_TIME})
