"""How many requests of all clients together the gateway passes on. It answers others itself, with 429.

These limits bound the cost; limits for each client are those of `domain/limits.py`.
"""

from collections.abc import Iterable

from infra.stage import Stage, Throttle

SIGN_IN_ROUTES = ("POST /auth/register", "POST /auth/login", "POST /auth/password/reset")
"""Each has a route of its own, because only a route can have settings."""
_AUTH = "/auth"


def route_settings(stage: Stage, routes: Iterable[str]) -> dict[str, dict[str, int]]:
    """The settings of the routes that are tighter than the stage's, by route key; `ANY /auth` has no path below it."""
    tight = {
        route: _settings(stage.sign_in_throttle if route in SIGN_IN_ROUTES else stage.auth_throttle)
        for route in routes
        if route.partition(" ")[2].startswith(f"{_AUTH}/")
    }
    return dict(sorted(tight.items()))


def _settings(throttle: Throttle) -> dict[str, int]:
    return {"ThrottlingRateLimit": throttle.rate, "ThrottlingBurstLimit": throttle.burst}
