"""Every path in the table of groups reaches its group with every method; other paths reach one that answers 404."""

import json

from fastapi.routing import iter_route_contexts

from infra.edge.throttling import SIGN_IN_ROUTES
from infra.groups import GROUPS, group_of
from tests.support.local_stack import ROOT
from tests.support.routes import apps, routes
from tests.support.template import Synthesized


def test_a_path_and_all_below_it_go_to_its_group_with_any_method(production: Synthesized) -> None:
    expected = {
        f"ANY {route}": group.name for group in GROUPS for path in group.paths for route in (path, f"{path}/{{proxy+}}")
    }
    (default,) = [group.name for group in GROUPS if group.default]
    sign_in = {route: group_of(route.partition(" ")[2]) for route in SIGN_IN_ROUTES}
    assert _targets(production) == expected | sign_in | {"$default": default}


def test_sign_in_is_throttled_more_than_auth_and_auth_more_than_all(production: Synthesized) -> None:
    (resource,) = production.resources("ApiGatewayV2::Stage").values()
    stage, settings = resource["Properties"], resource["Properties"]["RouteSettings"]
    assert set(settings) == {"ANY /auth/{proxy+}", *SIGN_IN_ROUTES}
    assert set(settings) <= set(_targets(production))
    routes = {one["Properties"]["RouteKey"]: name for name, one in production.resources("ApiGatewayV2::Route").items()}
    assert {routes[key] for key in settings} <= set(resource["DependsOn"])
    for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        tightest = {settings[route][limit] for route in SIGN_IN_ROUTES}
        assert max(tightest) < settings["ANY /auth/{proxy+}"][limit] < stage["DefaultRouteSettings"][limit]


def test_the_routes_with_a_throttle_of_their_own_exist() -> None:
    known = {f"{route.method} {route.path}" for route in routes()}
    assert set(SIGN_IN_ROUTES) <= known


def test_every_route_of_a_function_lies_under_its_own_paths() -> None:
    for name, app in apps().items():
        paths = [context.path for context in iter_route_contexts(app.routes)]
        assert paths
        assert {group_of(path) for path in paths} == {name}


def test_api_gateway_may_call_each_function(production: Synthesized) -> None:
    permissions = production.properties("Lambda::Permission")
    by_gateway = [p["FunctionName"] for p in permissions if p["Principal"] == "apigateway.amazonaws.com"]
    permitted = {function["Ref"] for function in by_gateway}
    called = {i["IntegrationUri"]["Ref"] for i in production.properties("ApiGatewayV2::Integration")}
    assert permitted == called


def test_the_access_log_has_no_query_and_no_header(production: Synthesized) -> None:
    (stage,) = production.properties("ApiGatewayV2::Stage")
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    logged = json.loads(stage["AccessLogSettings"]["Format"]).values()
    assert "$context.requestId" in logged
    assert not [field for field in logged if "query" in field.lower() or "header" in field.lower()]


def test_the_access_log_is_where_services_write_and_new_for_each_stack(production: Synthesized) -> None:
    """Other names grow the account's resource policy, which ends at 5,120 characters. Logs stay if a stack goes."""
    (stage,) = production.properties("ApiGatewayV2::Stage")
    log = production.template["Resources"][stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0]]
    beginning, stack = log["Properties"]["LogGroupName"]["Fn::Join"][1]
    assert beginning == "/aws/vendedlogs/tallybook-production/api-"
    assert stack == {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}


def test_only_the_stages_named_origins_are_allowed(production: Synthesized, on_this_computer: Synthesized) -> None:
    (api,) = production.properties("ApiGatewayV2::Api")
    assert "CorsConfiguration" not in api
    (api,) = on_this_computer.properties("ApiGatewayV2::Api")
    assert api["CorsConfiguration"]["AllowOrigins"] == ["http://localhost:8000"]
    assert api["CorsConfiguration"]["AllowCredentials"] is True
    for function in on_this_computer.functions().values():
        assert function["Environment"]["Variables"]["ALLOWED_ORIGINS"] == "http://localhost:8000"


def test_methods_and_headers_of_other_origins_are_named_and_complete(on_this_computer: Synthesized) -> None:
    (api,) = on_this_computer.properties("ApiGatewayV2::Api")
    cors = api["CorsConfiguration"]
    assert "*" not in [*cors["AllowMethods"], *cors["AllowHeaders"], *cors["ExposeHeaders"], *cors["AllowOrigins"]]
    assert set(cors["AllowMethods"]) >= {route.method for route in routes()} - {"OPTIONS"} | {"HEAD", "PATCH"}
    taken, answered = _headers_of_the_reference()
    assert taken <= set(cors["AllowHeaders"])
    assert answered <= set(cors["ExposeHeaders"])
    assert {"x-api-key", "authorization", "content-type", "content-encoding", "ce-id"} <= set(cors["AllowHeaders"])
    assert {"retry-after", "www-authenticate", "idempotent-replayed", "allow"} <= set(cors["ExposeHeaders"])


def _headers_of_the_reference() -> tuple[set[str], set[str]]:
    """The headers that requests and answers have by docs/openapi.json; pages never read Set-Cookie."""
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    operations = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    shared = document["components"]
    parameters = [*shared["parameters"].values(), *(one for each in operations for one in each.get("parameters", ()))]
    taken = {one["name"].lower() for one in parameters if one.get("in") == "header"}
    answers = [*shared["responses"].values(), *(one for each in operations for one in each["responses"].values())]
    return taken, {name.lower() for one in answers for name in one.get("headers", ())} - {"set-cookie"}


def _targets(stage: Synthesized) -> dict[str, str]:
    """Route key -> the group that answers it."""
    names = {
        alias: stage.template["Resources"][resource["Properties"]["FunctionName"]["Ref"]]["Properties"]["Environment"][
            "Variables"
        ]["POWERTOOLS_SERVICE_NAME"]
        for alias, resource in stage.resources("Lambda::Alias").items()
    }
    integrations = {
        logical_id: names[resource["Properties"]["IntegrationUri"]["Ref"]]
        for logical_id, resource in stage.resources("ApiGatewayV2::Integration").items()
    }
    return {
        route["RouteKey"]: integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]
        for route in stage.properties("ApiGatewayV2::Route")
    }
