"""Whether requests are traced: as OpenTelemetry's standard variables say, and not without them.

The SDK is an extra, and only loaded where it is configured.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from graphql_api.settings import SettingsError

if TYPE_CHECKING:
    from graphql_api.telemetry.traces import Traces

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN: Final = "http/protobuf"


def open_traces() -> Traces | None:
    """What traces requests; None where no collector is configured.

    Raises:
        SettingsError: one is, but cannot be spoken to.
    """
    endpoint = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    is_off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if endpoint is None or is_off or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    for name in PROTOCOLS:
        if os.environ.get(name, SPOKEN) != SPOKEN:
            raise SettingsError(f"{name} must be {SPOKEN}: traces are sent over HTTP alone.")
    try:
        from graphql_api.telemetry.traces import Traces  # noqa: PLC0415  # see above
    except ImportError:
        raise SettingsError(
            f"{endpoint} is set, but OpenTelemetry is not installed: install it with "
            "`pip install 'partyfinder[otel]'`, or unset the variable."
        ) from None
    return Traces()
