"""Our own server without its limits, to measure what they cost: `python -m bench --costs`."""

from __future__ import annotations

import sys

from graphql_api import app
from graphql_api.__main__ import main
from graphql_api.engine.limits import Limits
from graphql_api.http.admission import Admission
from graphql_api.schema import build


def unlimited(_settings: object) -> Limits:
    """No limit on any document."""
    return Limits(errors=app.MOST_ERRORS)


def admit(self: Admission) -> None:
    """Refuse nobody."""
    del self


if __name__ == "__main__":
    app.limits_of = unlimited  # type: ignore[assignment]
    build.COSTS = None  # type: ignore[attr-defined, assignment]
    Admission.check = admit  # type: ignore[method-assign]
    sys.argv = ["partyfinder", "serve", "--port", "0"]
    main()
