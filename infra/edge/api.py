"""The HTTP API. Each path accepts every method, so that its function also answers a wrong method in its dialect."""

import json

from aws_cdk import Aws, Fn
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.edge.cors import cors_of
from infra.edge.throttling import SIGN_IN_ROUTES, route_settings
from infra.function import Function, log_group_of
from infra.groups import group_of
from infra.stage import Stage

# No query string and no headers: they may contain secrets.
ACCESS_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "ip": "$context.identity.sourceIp",
    "integration_error": "$context.integrationErrorMessage",
}


class Api(Construct):
    """`url` is where clients call it."""

    def __init__(self, scope: Construct, stage: Stage, functions: list[Function]) -> None:
        super().__init__(scope, "Api")
        self.http = apigateway.HttpApi(
            self,
            "Http",
            api_name=f"tallybook-{stage.name}",
            create_default_stage=False,
            cors_preflight=cors_of(stage),
            disable_execute_api_endpoint=bool(stage.domain and not stage.cloudfront),
        )
        self._routes: dict[str, apigateway.HttpRoute] = {}
        for function in functions:
            self._route(function)
        tight = route_settings(stage, self._routes)
        log_group = log_group_of(self, stage, name=_log_name(stage))
        self.stage = apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.http.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG)
            ),
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=stage.throttle.rate, throttling_burst_limit=stage.throttle.burst
            ),
            route_settings=tight,
        )
        self.stage.node.add_dependency(log_group, *(self._routes[key] for key in tight))
        self.url = f"https://{stage.domain}" if stage.domain else self.http.api_endpoint

    def _route(self, function: Function) -> None:
        integration = HttpLambdaIntegration(f"{function.node.id}Integration", function.entry)
        paths = [route for path in function.group.paths for route in (path, f"{path}/{{proxy+}}")]
        keys = [f"ANY {path}" for path in paths]
        own = [key for key in SIGN_IN_ROUTES if group_of(key.partition(" ")[2]) == function.group.name]
        for key in (*keys, *own):
            method, _, path = key.partition(" ")
            (self._routes[key],) = self.http.add_routes(
                path=path, methods=[apigateway.HttpMethod[method]], integration=integration
            )
        if function.group.default:
            apigateway.HttpRoute(
                self,
                "Unknown",
                http_api=self.http,
                route_key=apigateway.HttpRouteKey.DEFAULT,
                integration=integration,
            )


def _log_name(stage: Stage) -> str:
    """Services may write below `/aws/vendedlogs/` without another entry in the account's policy, whose size is limited.

    It ends in the stack's id, since the log of a deleted stack of the same name may still be there.
    """
    return f"/aws/vendedlogs/tallybook-{stage.name}/api-{Fn.select(2, Fn.split('/', Aws.STACK_ID))}"
