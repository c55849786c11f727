"""A page of another origin that calls the API of the local bundle from Chromium, and reports what it could read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.browser import Website
from tests.support.local_stack import LocalStack

type Call = Mapping[str, Any]

STATUSES = {
    "sign in": 200,
    "me": 200,
    "change by cookie": 200,
    "key": 201,
    "key again": 201,
    "delete": 404,
    "usage": 401,
    "wrong method": 405,
    "unknown path": 404,
    "no credential": 401,
    "too many": 429,
}

_PAGE = """<!DOCTYPE html><script>
(async () => {
  const answers = [];
  for (const {name, url, method, headers, body, credentials, times} of CALLS) {
    const answer = {name, status: 0};
    try {
      for (let n = 0; n < times && answer.status !== 429; n++) {
        const got = await fetch(url, {method, headers, body, credentials});
        Object.assign(answer, {status: got.status, headers: Object.fromEntries(got.headers), body: await got.json()});
      }
    } catch (error) { answer.error = String(error); }
    answers.push(answer);
  }
  await fetch("/report", {method: "POST", body: JSON.stringify(answers)});
})();
</script>"""


def calls_of_a_page(site: Website, stack: LocalStack, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """What a page of the site reads of each answer, in order; the status is 0 if the browser kept it from the page."""
    complete = [
        {"method": "GET", "headers": {}, "credentials": "omit", "times": 1}
        | dict(call)
        | {"url": stack.variables["TALLYBOOK_URL"] + call["url"]}
        for call in calls
    ]
    answers: list[dict[str, Any]] = site.visit(_PAGE.replace("CALLS", json.dumps(complete)))
    return answers


def sign_in_elsewhere(stack: LocalStack) -> list[Call]:
    return [
        _sign_in(stack),
        {"name": "by cookie", "url": "/auth/me", "credentials": "include"},
        {"name": "by key", "url": "/auth/me", "headers": {"X-API-Key": stack.variables["TALLYBOOK_API_KEY"]}},
    ]


def every_kind_of_call(stack: LocalStack) -> list[Call]:
    """Each has a name of STATUSES."""
    key = {"Authorization": f"Bearer {stack.variables['TALLYBOOK_API_KEY']}"}
    keys, name = "/v1/user-management/api-keys", {"name": "page"}
    repeatable = {**key, "Idempotency-Key": "page-1"}
    event = {f"Ce-{part}": "x" for part in ("Specversion", "Id", "Source", "Type", "Subject", "Time")}
    return [
        _sign_in(stack),
        {"name": "me", "url": "/auth/me", "credentials": "include"},
        {
            "name": "change by cookie",
            **_json("PUT", "/v1/user-management/account", {"name": "Page"}),
            "credentials": "include",
        },
        {"name": "key", **_json("POST", keys, name, repeatable)},
        {"name": "key again", **_json("POST", keys, name, repeatable)},
        {"name": "delete", "url": f"{keys}/key-1", "method": "DELETE", "headers": key},
        {"name": "usage", **_json("POST", "/v1/platform/events", {}, {**key, **event})},
        {"name": "wrong method", **_json("PATCH", "/auth/me", {}, key)},
        {"name": "unknown path", "url": "/v1/nothing", "headers": key},
        {"name": "no credential", "url": "/auth/me"},
        {"name": "too many", **_json("POST", "/auth/login", {"email": "a@example.com", "password": "x"}), "times": 9},
    ]


def _sign_in(stack: LocalStack) -> Call:
    variables = stack.variables
    who = {"email": variables["TALLYBOOK_EMAIL"], "password": variables["TALLYBOOK_PASSWORD"]}
    return {"name": "sign in", **_json("POST", "/auth/login", who), "credentials": "include"}


def _json(method: str, url: str, body: object, headers: Mapping[str, str] | None = None) -> Call:
    content = {"Content-Type": "application/json", **(headers or {})}
    return {"method": method, "url": url, "headers": content, "body": json.dumps(body)}
