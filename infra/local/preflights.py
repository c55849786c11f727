"""Lets the emulated API apply its CORS configuration as API Gateway does: routes get OPTIONS too.

An HTTP API answers a preflight by itself only if no route takes the path with OPTIONS. `ANY` and `$default` do, so the
function answers, and the gateway adds the headers of its CORS configuration.
Sources: "Configure CORS for HTTP APIs" in API Gateway's developer guide, which has a route for OPTIONS beside
`$default`; aws/serverless-application-model#1603, where a function behind `ANY` gets each preflight.
This file runs in the emulator's own Python.
"""

from typing import Any

from ministack.services import apigateway  # installed in the emulator's environment

type Response = tuple[int, dict[str, str], bytes]

_CORS = "access-control-"
_ASKS = "access-control-request-method"


def pass_options_to_routes() -> None:
    """Call it once in a process, before the first request."""
    execute = apigateway._handle_execute_in_scope

    async def execute_as_aws(*request: Any) -> Response:
        api_id, stage, path, method, headers, body, query, account, region, raw_query = request
        _read_as_deployed(api_id)
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/")) if method == "OPTIONS" else None
        if route is None:
            response: Response = await execute(*request)
            return response
        integration = apigateway._integrations[api_id][route["target"].rpartition("/")[2]]
        sent = {name.lower(): value for name, value in headers.items()}
        to_function = (integration, api_id, stage, path, method, sent, body, query, route["routeKey"])
        owner = {"owner_account_id": account, "owner_region": region, "raw_query_string": raw_query}
        status, answered, content = await apigateway._invoke_lambda_proxy(*to_function, **owner)
        cors = _cors_headers(apigateway._apis[api_id].get("corsConfiguration"), sent)
        if cors is None:
            return status, answered, content
        kept = {name: value for name, value in answered.items() if not name.lower().startswith(_CORS)}
        return status, kept | cors, content

    apigateway._handle_execute_in_scope = execute_as_aws


def _read_as_deployed(api_id: str) -> None:
    """Give the configuration the names of API Gateway's API; the emulator leaves it those of a template."""
    api = apigateway._apis.get(api_id) or {}
    if deployed := api.get("corsConfiguration"):
        api["corsConfiguration"] = {name[0].lower() + name[1:]: value for name, value in deployed.items()}


def _cors_headers(configuration: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, str] | None:
    """What the gateway adds, for an allowed origin; None for an API without CORS."""
    if not configuration:
        return None
    origin = headers.get("origin", "")
    if _ASKS not in headers:
        return dict(apigateway._cors_response_headers(configuration, origin))
    status, cors, _ = apigateway._cors_preflight_response(configuration, origin)
    allowed = {name: value for name, value in cors.items() if name.lower().startswith((_CORS, "vary"))}
    return allowed if status == 204 else {}
