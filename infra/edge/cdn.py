"""CloudFront in front of the API: TLS and, with a web ACL, WAF near the client. It caches nothing.

The API's own endpoint must stay open for CloudFront. So CloudFront sends a secret with each request, and the functions
refuse one without it (`tallybook/edge.py`). The secret is in Secrets Manager; the template has only its name.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront_origins import HttpOrigin
from constructs import Construct

from infra.edge.api import Api
from tallybook.wire.requests.client_address import SECRET_HEADER

_CLOUDFRONTS_ZONE = "Z2FDTNDATAQYW2"  # of all distributions, by CloudFront's documentation
_CACHED_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)


class Cdn(Construct):
    """`target` is what the host name points to in DNS, and `zone` the target's hosted zone, for an alias record."""

    def __init__(self, scope: Construct, *, name: str, certificate: str, web_acl: str | None, api: Api) -> None:
        super().__init__(scope, "Cdn")
        generated = secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=48)
        secret = secretsmanager.Secret(
            self, "Secret", description=f"CloudFront sends it to the API of {name}", generate_secret_string=generated
        )
        self.secret = secret.secret_value.unsafe_unwrap()  # a reference, which CloudFormation resolves
        self._distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=name,
            domain_names=[name],
            certificate=Certificate.from_certificate_arn(self, "Certificate", certificate),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
            web_acl_id=web_acl,
            default_behavior=cloudfront.BehaviorOptions(
                origin=HttpOrigin(
                    f"{api.http.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
                    custom_headers={SECRET_HEADER: self.secret},
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                    origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                ),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                compress=False,
            ),
            # without this it would keep an error for 10 s, and show it to whom it does not concern
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0)) for status in _CACHED_ERRORS
            ],
        )
        self.target = self._distribution.distribution_domain_name
        self.zone = _CLOUDFRONTS_ZONE
