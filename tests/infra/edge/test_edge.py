"""A stage with a domain, alone and behind CloudFront: what the templates then have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.edge.web_acl import synthesize_web_acl
from infra.groups import GROUPS
from infra.stage import Stage
from tests.infra.edge.stages import BEHIND_CLOUDFRONT, WITH_DOMAIN
from tests.support.template import Synthesized, format_value

SECRET = "{{resolve:secretsmanager:CdnSecret:SecretString:::}}"


@pytest.fixture(scope="module")
def behind(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(BEHIND_CLOUDFRONT)


@pytest.fixture(scope="module")
def web_acl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize_web_acl(BEHIND_CLOUDFRONT, tmp_path_factory.mktemp("acl") / "cdk.out")


@pytest.fixture(scope="module")
def with_domain(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(WITH_DOMAIN)


def test_a_domain_closes_the_default_endpoint_and_wants_tls_1_2(with_domain: Synthesized) -> None:
    (api,) = with_domain.properties("ApiGatewayV2::Api")
    assert api["DisableExecuteApiEndpoint"] is True
    (domain,) = with_domain.properties("ApiGatewayV2::DomainName")
    assert domain["DomainName"] == "api.example.com"
    assert [one["SecurityPolicy"] for one in domain["DomainNameConfigurations"]] == ["TLS_1_2"]
    (mapping,) = with_domain.resources("ApiGatewayV2::ApiMapping").values()
    assert mapping["Properties"]["Stage"] == "$default"
    assert set(mapping["DependsOn"]) == set(with_domain.resources("ApiGatewayV2::Stage"))


def test_mails_pages_and_errors_link_to_the_domain(with_domain: Synthesized, behind: Synthesized) -> None:
    for stage in (with_domain, behind):
        environments = [one["Environment"]["Variables"] for one in stage.functions().values()]
        assert {one["PAGE_URL"] for one in environments if "PAGE_URL" in one} == {"https://api.example.com"}
        assert stage.template["Outputs"]["ApiUrl"]["Value"] == "https://api.example.com"


def test_the_outputs_name_what_dns_points_to(with_domain: Synthesized, behind: Synthesized) -> None:
    outputs = with_domain.template["Outputs"]
    assert format_value(outputs["DomainTarget"]["Value"]) == "DomainName.RegionalDomainName"
    assert format_value(outputs["DomainTargetZone"]["Value"]) == "DomainName.RegionalHostedZoneId"
    outputs = behind.template["Outputs"]
    assert format_value(outputs["DomainTarget"]["Value"]) == "CdnDistribution.DomainName"
    assert outputs["DomainTargetZone"]["Value"] == "Z2FDTNDATAQYW2"


def test_a_stage_without_a_domain_has_none_of_this(production: Synthesized) -> None:
    for kind in ("ApiGatewayV2::DomainName", "CloudFront::Distribution", "SecretsManager::Secret", "WAFv2::WebACL"):
        assert production.resources(kind) == {}
    (api,) = production.properties("ApiGatewayV2::Api")
    assert not api.get("DisableExecuteApiEndpoint")


def test_cloudfront_caches_nothing_and_passes_all_but_the_host(behind: Synthesized) -> None:
    config = _distribution(behind)
    passes = config["DefaultCacheBehavior"]
    assert passes["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert passes["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader
    assert sorted(passes["AllowedMethods"]) == ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    assert {(one["ErrorCode"], one["ErrorCachingMinTTL"]) for one in config["CustomErrorResponses"]} >= {
        (status, 0) for status in (400, 403, 404, 405, 500, 502, 503, 504)
    }
    assert (passes["ViewerProtocolPolicy"], config["ViewerCertificate"]["MinimumProtocolVersion"]) == (
        "https-only",
        "TLSv1.2_2021",
    )
    assert (config["Aliases"], config["IPV6Enabled"]) == (["api.example.com"], True)
    assert config["WebACLId"] == BEHIND_CLOUDFRONT.web_acl


def test_cloudfront_and_the_http_functions_share_a_secret_not_in_the_template(behind: Synthesized) -> None:
    (origin,) = _distribution(behind)["Origins"]
    (header,) = origin["OriginCustomHeaders"]
    assert (header["HeaderName"], format_value(header["HeaderValue"])) == ("x-tallybook-edge", SECRET)
    (secret,) = behind.properties("SecretsManager::Secret")
    assert "SecretString" not in secret
    assert secret["GenerateSecretString"]["PasswordLength"] >= 32
    having = {
        name: format_value(one["Environment"]["Variables"]["EDGE_SECRET"])
        for name, one in behind.functions().items()
        if "EDGE_SECRET" in one["Environment"]["Variables"]
    }
    assert having == {group.name: SECRET for group in GROUPS if group.paths}


def test_the_web_acl_limits_sign_ins_of_one_address_in_each_spelling(web_acl: Path) -> None:
    rules = _rules(web_acl)
    rate = rules["RateOfSignIns"]["Statement"]["RateBasedStatement"]
    assert (rate["AggregateKeyType"], rate["Limit"]) == ("IP", 300)
    paths = rate["ScopeDownStatement"]["ByteMatchStatement"]
    assert paths["SearchString"] == "/auth/"
    assert [one["Type"] for one in paths["TextTransformations"]] == ["URL_DECODE", "NORMALIZE_PATH"]
    assert rules["RateOfSignIns"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429


def test_the_web_acl_refuses_no_usage_for_its_body(web_acl: Path) -> None:
    common = _rules(web_acl)["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in common["RuleActionOverrides"] if one["ActionToUse"] == {"Count": {}}}
    assert counted >= {"SizeRestrictions_BODY", "GenericRFI_BODY", "NoUserAgent_HEADER"}


def _rules(web_acl: Path) -> dict[str, Any]:
    (acl,) = [one["Properties"] for one in json.loads(web_acl.read_text())["Resources"].values()]
    assert acl["Scope"] == "CLOUDFRONT"
    return {rule["Name"]: rule for rule in acl["Rules"]}


def _distribution(stage: Synthesized) -> dict[str, Any]:
    (distribution,) = stage.properties("CloudFront::Distribution")
    return dict(distribution["DistributionConfig"])
