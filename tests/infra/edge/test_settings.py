"""Settings of the edge that don't fit together are refused before anything is synthesized."""

from dataclasses import replace
from typing import Any

import pytest

from infra.edge.settings import edge_mistakes
from infra.stage import STAGES, Throttle, local
from infra.stage_checks import find_problems

ACM = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b-2c"
WAF = "arn:aws:wafv2:us-east-1:123456789012:global/webacl"
DOMAIN = {"domain": "api.example.com", "certificate": ACM}
CLOUDFRONT = {**DOMAIN, "certificate": ACM.replace("eu-west-1", "us-east-1"), "cloudfront": True}


def mistakes(**settings: Any) -> list[str]:
    return edge_mistakes(replace(STAGES["production"], **settings))


@pytest.mark.parametrize("settings", [{}, DOMAIN, CLOUDFRONT, {**CLOUDFRONT, "web_acl": f"{WAF}/shop/0a1b-2c"}])
def test_settings_that_fit_together_are_no_mistake(settings: dict[str, Any]) -> None:
    assert mistakes(**settings) == []


def test_the_stages_of_the_repository_have_no_mistake() -> None:
    assert [edge_mistakes(stage) for stage in (*STAGES.values(), local(8000))] == [[]] * (len(STAGES) + 1)


@pytest.mark.parametrize(
    ("settings", "beginning"),
    [
        ({"domain": "api.example.com"}, "domain needs certificate"),
        ({"certificate": ACM}, "certificate needs domain"),
        ({**DOMAIN, "domain": "https://api.example.com"}, "domain is a host name"),
        ({**DOMAIN, "domain": "API.example.com"}, "domain is a host name"),
        ({**DOMAIN, "domain": "localhost"}, "domain is a host name"),
        ({**DOMAIN, "certificate": "arn:aws:iam::123456789012:server-certificate/x"}, "certificate is the ARN"),
        ({"cloudfront": True}, "cloudfront needs domain and certificate"),
        ({**DOMAIN, "cloudfront": True}, "certificate is in eu-west-1, but CloudFront"),
        ({**DOMAIN, "web_acl": f"{WAF}/shop/0a1b"}, "web_acl needs cloudfront"),
        ({**CLOUDFRONT, "web_acl": f"{WAF.replace('us-east-1', 'eu-west-1')}/shop/0a1b"}, "web_acl is the ARN"),
        ({"throttle": Throttle(0, 10)}, "throttle of less than 1"),
        ({"sign_in_throttle": Throttle(1, 0)}, "sign_in_throttle of less than 1"),
    ],
)
def test_half_a_setting_is_named_in_one_sentence(settings: dict[str, Any], beginning: str) -> None:
    (mistake,) = mistakes(**settings)
    assert mistake.startswith(beginning)


def test_a_stage_with_a_mistake_is_refused_with_its_settings() -> None:
    problems = find_problems(replace(STAGES["dev"], domain="api.example.com"))
    assert problems == ["dev: domain needs certificate, the ARN of its certificate in ACM"]
