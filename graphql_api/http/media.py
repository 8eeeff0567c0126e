"""Which media type answers a request, by its Accept header with q-values."""

from __future__ import annotations

from functools import lru_cache

RESPONSE = "application/graphql-response+json"
LEGACY = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"


@lru_cache(maxsize=128)  # a client sends the same header every time
def preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    """The offered media type that an Accept header likes best; None where it takes none of them.

    Of equals the one offered first wins. An empty header takes anything.
    """
    if not accept.strip():
        return offered[0]
    ranges = [_parse(part) for part in accept.split(",")]
    best, best_quality = None, 0.0
    for media_type in offered:
        quality = _quality(media_type, ranges)
        if quality > best_quality:
            best, best_quality = media_type, quality
    return best


def _parse(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return media_range, float(parameter[2:])
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that matches (RFC 9110, section 12.5.1)."""
    qualities = dict(reversed(ranges))
    for media_range in (media_type, f"{media_type.split('/', maxsplit=1)[0]}/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range]
    return 0.0


@lru_cache(maxsize=128)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header names gzip, or anything; an empty one takes none."""
    qualities = dict(_parse(part) for part in accept_encoding.split(","))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
