"""The HTTP API. Each path accepts every method, so that its function also answers a wrong method in its dialect."""

import json

from aws_cdk import Aws, Fn
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.cors import cors_of
from infra.function import Function, log_group_of
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
    def __init__(self, scope: Construct, stage: Stage, functions: list[Function]) -> None:
        super().__init__(scope, "Api")
        self.http = apigateway.HttpApi(
            self,
            "Http",
            api_name=f"tallybook-{stage.name}",
            create_default_stage=False,
            cors_preflight=cors_of(stage),
        )
        for function in functions:
            self._route(function)
        log_group = log_group_of(self, stage, name=_log_name(stage))
        stage_of_api = apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.http.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG)
            ),
        )
        stage_of_api.node.add_dependency(log_group)

    @property
    def url(self) -> str:
        return self.http.api_endpoint

    def _route(self, function: Function) -> None:
        integration = HttpLambdaIntegration(f"{function.node.id}Integration", function.entry)
        paths = [route for path in function.group.paths for route in (path, f"{path}/{{proxy+}}")]
        for path in paths:
            self.http.add_routes(path=path, methods=[apigateway.HttpMethod.ANY], integration=integration)
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
