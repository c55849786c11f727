"""Which web origins may call the API, with what, and which headers of an answer their pages may read.

The gateway adds these headers to the answers of the functions. Methods and headers are named, because a browser takes
`*` for a name as soon as a request has credentials. A preflight reaches the function, since its route takes `ANY`
method, and is answered with 204.
"""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway

from infra.stage import Stage

_Method = apigateway.CorsHttpMethod
METHODS = (_Method.GET, _Method.HEAD, _Method.POST, _Method.PUT, _Method.PATCH, _Method.DELETE)
REQUEST_HEADERS = (
    "authorization",
    "content-encoding",
    "content-type",
    "idempotency-key",
    "x-api-key",
    # the attributes of a CloudEvent in binary mode
    *("ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-dataschema"),
)
ANSWER_HEADERS = (
    "accept-encoding",
    "allow",
    "apigw-requestid",
    "idempotent-replayed",
    "retry-after",
    "www-authenticate",
)


def cors_of(stage: Stage) -> apigateway.CorsPreflightOptions | None:
    if not stage.allowed_origins:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=list(stage.allowed_origins),
        allow_methods=list(METHODS),
        allow_headers=list(REQUEST_HEADERS),
        expose_headers=list(ANSWER_HEADERS),
        allow_credentials=True,
        max_age=Duration.hours(1),
    )
