"""A warm request, compared in turns with a hello-world with the same libraries and the same DynamoDB calls."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from mangum import Mangum

from tallybook.store.keys import account, user
from tallybook.store.requests import dynamodb_key
from tests.support.app import App
from tests.support.call import LambdaContext, gateway_event, handle
from tests.support.cloud import NAMES


@dataclass(frozen=True, slots=True)
class Warm:
    request: str
    ratio: float
    goal: float = 2.0


def warm_request(app: App, rounds: int) -> Warm:
    """GET /v1/billing/current, a batch get and a query, compared with a route that makes only these calls."""
    member = app.member()
    path = "/v1/billing/current"
    hello = _hello(app.client, [dynamodb_key(key) for key in _keys(member)])
    ours = _best(lambda: handle(gateway_event("GET", path, key=member.api_key)), rounds)
    theirs = _best(lambda: hello(gateway_event("GET", path), LambdaContext()), rounds)
    return Warm(f"GET {path}", ours / theirs)


def _keys(member: Any) -> list[Any]:
    return [account(member.account.id), user(member.account.id, member.user.id)]


def _hello(client: Any, keys: list[Any]) -> Callable[[Any, Any], Any]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/v1/billing/current")
    async def current() -> JSONResponse:
        request = {NAMES["core"]: {"Keys": keys, "ConsistentRead": True}}
        found = client.batch_get_item(RequestItems=request)["Responses"]
        page = client.query(
            TableName=NAMES["usage"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "USAGE#nobody"}},
        )
        return JSONResponse({"items": len(found[NAMES["core"]]) + page["Count"]})

    return Mangum(app, lifespan="off")


def _best(request: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        request()
        times.append(time.perf_counter() - began)
    return min(times)
