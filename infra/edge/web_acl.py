"""Synthesize the web ACL of a stage behind CloudFront: `STAGE=production python -m infra.edge.web_acl`.

It is a stack of its own, because CloudFront takes web ACLs of us-east-1 only. docs/edge.md says how to deploy it.
"""

import os
import sys
from pathlib import Path

from aws_cdk import App, BootstraplessSynthesizer, CfnOutput, Environment, Stack
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.nag import add_rules
from infra.stage import STAGES, Stage

_REGION = "us-east-1"
_SIGN_INS_IN_5_MINUTES = 300
_RULE_GROUPS = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    # Usage has up to 1 MiB, its `source` is often a URL, and programs without a User-Agent send it. No function fetches
    # an address from a body or writes one into a page without escaping it.
    "AWSManagedRulesCommonRuleSet": (
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
    ),
}
"""AWS's groups of rules, and the rules of each that only count."""

_Acl = waf.CfnWebACL


class WebAcl(Stack):
    """AWS's rules against known attacks, and at most 300 requests in 5 minutes from one address to `/auth`."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(
            scope,
            f"tallybook-{stage.name}-web-acl",
            env=Environment(region=_REGION),
            synthesizer=BootstraplessSynthesizer(),
            description=f"Tallybook, {stage.name}: web ACL of CloudFront",
        )
        groups = enumerate(_RULE_GROUPS.items())
        rules = [_managed(name, priority, counted=counted) for priority, (name, counted) in groups]
        acl = _Acl(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            default_action=_Acl.DefaultActionProperty(allow={}),
            rules=[*rules, _rate_of_sign_ins(len(rules))],
            visibility_config=_visible("WebAcl"),
            custom_response_bodies={
                "TooMany": _Acl.CustomResponseBodyProperty(
                    content='{"message":"Too Many Requests"}', content_type="APPLICATION_JSON"
                )
            },
        )
        CfnOutput(self, "WebAclArn", value=acl.attr_arn)


def _managed(name: str, priority: int, *, counted: tuple[str, ...]) -> _Acl.RuleProperty:
    group = _Acl.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            _Acl.RuleActionOverrideProperty(name=rule, action_to_use=_Acl.RuleActionProperty(count={}))
            for rule in counted
        ],
    )
    return _Acl.RuleProperty(
        name=name,
        priority=priority,
        override_action=_Acl.OverrideActionProperty(none={}),
        statement=_Acl.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_visible(name),
    )


def _rate_of_sign_ins(priority: int) -> _Acl.RuleProperty:
    to_auth = _Acl.ByteMatchStatementProperty(
        search_string="/auth/",
        positional_constraint="STARTS_WITH",
        field_to_match=_Acl.FieldToMatchProperty(uri_path={}),
        text_transformations=[
            _Acl.TextTransformationProperty(priority=0, type="URL_DECODE"),
            _Acl.TextTransformationProperty(priority=1, type="NORMALIZE_PATH"),
        ],
    )
    rate = _Acl.RateBasedStatementProperty(
        limit=_SIGN_INS_IN_5_MINUTES,
        aggregate_key_type="IP",
        scope_down_statement=_Acl.StatementProperty(byte_match_statement=to_auth),
    )
    answer = _Acl.CustomResponseProperty(response_code=429, custom_response_body_key="TooMany")
    return _Acl.RuleProperty(
        name="RateOfSignIns",
        priority=priority,
        action=_Acl.RuleActionProperty(block=_Acl.BlockActionProperty(custom_response=answer)),
        statement=_Acl.StatementProperty(rate_based_statement=rate),
        visibility_config=_visible("RateOfSignIns"),
    )


def _visible(name: str) -> _Acl.VisibilityConfigProperty:
    return _Acl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def synthesize_web_acl(stage: Stage, out: Path) -> Path:
    """Write the template below `out`; returns its path."""
    app = App(outdir=str(out), analytics_reporting=False)
    stack = WebAcl(app, stage)
    add_rules(stack)
    app.synth()
    return out / f"{stack.stack_name}.template.json"


def main() -> None:
    name = os.environ.get("STAGE") or "production"
    if name not in STAGES:
        sys.exit(f"There is no stage {name!r} in infra/stage.py; the stages are {', '.join(STAGES)}")
    print(synthesize_web_acl(STAGES[name], Path("cdk.out/web-acl")))


if __name__ == "__main__":
    main()
