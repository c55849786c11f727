"""The API page says of every POST whether it takes an idempotency key, or why it needs none."""

import re

from tests.docs.commands import ROOT
from tests.functions.keyed_requests import routes_with_keyed_callers
from tests.support.routes import Route, routes

SECTION = (ROOT / "docs/api.md").read_text().split("## Sending a POST again")[1]
TAKING = {Route("POST", path) for path in re.findall(r"`POST (/\S+)` \|$", SECTION, re.MULTILINE)}
OTHERS = [
    path for row in re.findall(r"^\| (`[/…].*?) \|", SECTION, re.MULTILINE) for path in re.findall(r"`(.*?)`", row)
]


def test_the_listed_posts_take_an_idempotency_key() -> None:
    assert routes_with_keyed_callers() == TAKING


def test_every_other_post_has_a_reason_and_only_one() -> None:
    others = [route.path for route in routes() if route.method == "POST" and route not in TAKING]
    reasons = {path: [one for one in OTHERS if path == one or path.endswith(one.strip("…"))] for path in others}
    assert {path: found for path, found in reasons.items() if len(found) != 1} == {}
    assert len(OTHERS) == len({one for found in reasons.values() for one in found})
