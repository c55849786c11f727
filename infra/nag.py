"""AWS's rules for a solution, checked at every synthesis; each one that is not followed stands here with its reason."""

from aws_cdk import Acknowledgment, Stack, Validations
from cdk_nag import AwsSolutionsChecks

ACCEPTED = {
    "AwsSolutions::AwsSolutions-APIG4": "Each function authenticates: a gateway's authorizer would write its own 401"
    " bodies, and add a second cold start.",
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "Sending traces to X-Ray knows no resources; nothing else"
    " is allowed on every resource.",
    "AwsSolutions::AwsSolutions-L1": "The runtime is the Python that every test runs on; it changes with the lock.",
}


def add_rules(stack: Stack) -> None:
    Validations.of(stack.node.root).add_plugins(AwsSolutionsChecks(stack.node.root))
    for rule, reason in ACCEPTED.items():
        Validations.of(stack).acknowledge(Acknowledgment(id=rule, reason=reason))
