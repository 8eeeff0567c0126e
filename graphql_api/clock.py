"""The one convention for time: datetimes without an offset, in UTC, to the millisecond.

It is what the driver reads and writes, so no row is converted on its way. Offsets exist only at the
edge, in the DateTime scalar.
"""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the convention above


def now() -> datetime:
    """The present moment."""
    return from_aware(datetime.now(UTC))


def from_aware(moment: datetime) -> datetime:
    """A moment with an offset, in the convention; digits below the millisecond are cut."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, as Cassandra's write timestamps count."""
    return milliseconds(moment) * 1000
