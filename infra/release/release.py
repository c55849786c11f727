"""A release shifts the alias of each function to its new version by CodeDeploy, and back if an alarm rings."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.function import ALIAS, Function
from infra.stage import Shift, Stage


class Release(Construct):
    """One deployment group a function, each with all `alarms`: at most 10, and none of them refers to an alias.

    If one of them fails, CloudFormation rolls back the whole stack.

    A stage without `shift` has none of this: a release replaces each version at once.
    """

    def __init__(
        self, scope: Construct, stage: Stage, *, functions: list[Function], alarms: Sequence[cloudwatch.IAlarm]
    ) -> None:
        super().__init__(scope, "Release")
        if stage.shift is None:
            return
        application = codedeploy.LambdaApplication(self, "Application")
        role = self._role(functions)
        for function in functions:
            group = codedeploy.LambdaDeploymentGroup(
                self,
                function.node.id,
                application=application,
                role=role.without_policy_updates(),  # CDK would add AWS's own policy
                alias=function.entry,
                alarms=[] if stage.release_despite_alarms else alarms,
                deployment_config=_CONFIGURATIONS[stage.shift],
            )
            group.node.add_dependency(role)  # its rights exist before the first shift

    def _role(self, functions: list[Function]) -> iam.Role:
        """The rights of AWS's policy AWSCodeDeployRoleForLambdaLimited that a release uses, on these functions only."""
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        addresses = [one.function.function_arn for one in functions]
        shifted = [*addresses, *(f"{address}:{ALIAS}" for address in addresses)]
        role.add_to_policy(iam.PolicyStatement(actions=_SHIFT, resources=shifted))
        role.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"]))
        return role


_SHIFT = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]

_CONFIGURATIONS: Mapping[Shift, codedeploy.ILambdaDeploymentConfig] = {
    "all at once": codedeploy.LambdaDeploymentConfig.ALL_AT_ONCE,
    "canary": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
}
