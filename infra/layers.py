"""The two layers of every function: the product, and the libraries it needs."""

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundle import LAMBDA_ARM, LAMBDA_X86, Bundle, core_bundle, deps_bundle
from infra.stage import Stage

RUNTIME = lambda_.Runtime.PYTHON_3_13


def code_of(bundle: Bundle) -> lambda_.Code:
    return lambda_.Code.from_asset(str(bundle.folder), asset_hash=bundle.digest, asset_hash_type=AssetHashType.CUSTOM)


def architecture_of(stage: Stage) -> lambda_.Architecture:
    return lambda_.Architecture.ARM_64 if stage.arm else lambda_.Architecture.X86_64


def platform_of(stage: Stage) -> str | None:
    """The platform that the libraries are installed for; None for this computer's."""
    if stage.name == "local":
        return None
    return LAMBDA_ARM if stage.arm else LAMBDA_X86


class Layers(Construct):
    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "Layers")
        self.all = [
            self._layer("Core", core_bundle(), stage),
            self._layer("Deps", deps_bundle(platform_of(stage)), stage),
        ]

    def _layer(self, name: str, bundle: Bundle, stage: Stage) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            name,
            code=code_of(bundle),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[architecture_of(stage)],
        )
