"""cdk-nag's AWS Solutions rules, checked at every synthesis, and the accepted exceptions with their reasons."""

from aws_cdk import Acknowledgment, Stack, Validations
from cdk_nag import AwsSolutionsChecks

ACCEPTED = {
    "AwsSolutions::AwsSolutions-APIG4": "Each function authenticates: an authorizer of the gateway would write"
    " its own 401 bodies, and add a second cold start.",
    "AwsSolutions::AwsSolutions-CFR1": "An API is not restricted by country: its customers choose where they are.",
    "AwsSolutions::AwsSolutions-CFR2": "WAF costs money each month; a stage names its web ACL in `web_acl`.",
    "AwsSolutions::AwsSolutions-CFR3": "Nothing is cached, so each request is in the log of its function, with the"
    " client's address; a second log would need a bucket with access lists.",
    "AwsSolutions::AwsSolutions-DDB3": "Only a stage that keeps its data pays for recovery; a test requires it there.",
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "X-Ray's actions take no resource, and CodeDeploy"
    " may read the state of all alarms; no other action is allowed on every resource.",
    "AwsSolutions::AwsSolutions-IAM5"
    "[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/*]": "In the sandbox SES asks for the"
    " right to each recipient's identity, which the operator verifies later; a condition fixes the sender.",
    "AwsSolutions::AwsSolutions-S1": "Only DynamoDB writes to the archive and nothing of the stack reads it; a log of"
    " accesses would be larger than the archive. CloudTrail's data events show who reads it.",
    "AwsSolutions::AwsSolutions-L1": "The runtime is the Python that the tests run on; it changes with the lock.",
    "AwsSolutions::AwsSolutions-SMG4": "CloudFront and the functions must change the secret together, which a"
    " rotation can't; docs/edge.md says how to replace it.",
    "CloudFormation-Validate::W3694": "The alias of a function is a valid endpoint of a subscription: its Ref is"
    " an ARN that SNS may invoke.",
}


def add_rules(stack: Stack) -> None:
    Validations.of(stack.node.root).add_plugins(AwsSolutionsChecks(stack.node.root))
    for rule, reason in ACCEPTED.items():
        Validations.of(stack).acknowledge(Acknowledgment(id=rule, reason=reason))
