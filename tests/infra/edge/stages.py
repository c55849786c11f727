"""Production with a domain: at the gateway itself, and behind CloudFront with WAF."""

from dataclasses import replace

from infra.stage import STAGES

_CERTIFICATE = "arn:aws:acm:{}:123456789012:certificate/0a1b-2c"

WITH_DOMAIN = replace(STAGES["production"], domain="api.example.com", certificate=_CERTIFICATE.format("eu-west-1"))
BEHIND_CLOUDFRONT = replace(
    WITH_DOMAIN,
    certificate=_CERTIFICATE.format("us-east-1"),
    cloudfront=True,
    web_acl="arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/0a1b-2c",
)
