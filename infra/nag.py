"""cdk-nag's AWS Solutions rules, checked at every synthesis, and the accepted exceptions with their reasons."""

from aws_cdk import Acknowledgment, Stack, Validations
from cdk_nag import AwsSolutionsChecks

ACCEPTED = {
    "AwsSolutions::AwsSolutions-APIG4": "Each function authenticates: an authorizer of the gateway would write"
    " its own 401 bodies, and add a second cold start.",
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "X-Ray's actions take no resource; no other action"
    " is allowed on every resource.",
    "AwsSolutions::AwsSolutions-S1": "Only DynamoDB writes to the archive and nothing of the stack reads it; a log of"
    " accesses would be larger than the archive. CloudTrail's data events show who reads it.",
    "AwsSolutions::AwsSolutions-L1": "The runtime is the Python that the tests run on; it changes with the lock.",
}


def add_rules(stack: Stack) -> None:
    Validations.of(stack.node.root).add_plugins(AwsSolutionsChecks(stack.node.root))
    for rule, reason in ACCEPTED.items():
        Validations.of(stack).acknowledge(Acknowledgment(id=rule, reason=reason))
