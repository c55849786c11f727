"""The API at a host name of the stage's own, with TLS 1.2 or later. DNS then names the outputs' target."""

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_certificatemanager import Certificate
from constructs import Construct


class Domain(Construct):
    """`target` is what the host name points to in DNS, and `zone` the target's hosted zone, for an alias record."""

    def __init__(self, scope: Construct, *, name: str, certificate: str, stage: apigateway.CfnStage) -> None:
        super().__init__(scope, "Domain")
        domain = apigateway.DomainName(
            self,
            "Name",
            domain_name=name,
            certificate=Certificate.from_certificate_arn(self, "Certificate", certificate),
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )
        mapping = apigateway.CfnApiMapping(
            self, "Mapping", api_id=stage.api_id, domain_name=domain.name, stage=stage.stage_name
        )
        mapping.node.add_dependency(stage)
        self.target = domain.regional_domain_name
        self.zone = domain.regional_hosted_zone_id
