"""Which settings of a stage at the edge don't fit together (docs/edge.md)."""

import re
from collections.abc import Iterator

from infra.stage import Stage

_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[0-9a-f-]+")
_WEB_ACL = re.compile(r"arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[0-9a-f-]+")
_CLOUDFRONT_REGION = "us-east-1"


def edge_mistakes(stage: Stage) -> list[str]:
    """One sentence for each mistake, which names its setting."""
    return [*_domain_mistakes(stage), *_cloudfront_mistakes(stage), *_throttle_mistakes(stage)]


def _domain_mistakes(stage: Stage) -> Iterator[str]:
    if stage.domain and not stage.certificate:
        yield "domain needs certificate, the ARN of its certificate in ACM"
    if stage.certificate and not stage.domain:
        yield "certificate needs domain, the host name that it is for"
    if stage.domain and not _HOST.fullmatch(stage.domain):
        yield f"domain is a host name like api.example.com, not {stage.domain!r}"
    if stage.certificate and not _CERTIFICATE.fullmatch(stage.certificate):
        yield f"certificate is the ARN of a certificate in ACM, not {stage.certificate!r}"


def _cloudfront_mistakes(stage: Stage) -> Iterator[str]:
    if stage.web_acl and not stage.cloudfront:
        yield "web_acl needs cloudfront: WAF does not protect an HTTP API itself"
    if stage.web_acl and not _WEB_ACL.fullmatch(stage.web_acl):
        yield f"web_acl is the ARN of a global web ACL, which is in us-east-1, not {stage.web_acl!r}"
    if stage.cloudfront and not stage.domain:
        yield "cloudfront needs domain and certificate: CloudFront's own name allows TLS 1.0"
    region = _CERTIFICATE.fullmatch(stage.certificate or "")
    if stage.cloudfront and region and region[1] != _CLOUDFRONT_REGION:
        yield f"certificate is in {region[1]}, but CloudFront reads certificates in {_CLOUDFRONT_REGION} only"


def _throttle_mistakes(stage: Stage) -> Iterator[str]:
    for name in ("throttle", "auth_throttle", "sign_in_throttle"):
        if min(getattr(stage, name)) < 1:
            yield f"{name} of less than 1 refuses all requests"
