"""The archive: a bucket with every change of both tables, which DynamoDB itself writes every day."""

from typing import Any

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.function import Function
from infra.stage import Stage
from infra.stage_checks import IN_GLACIER_AFTER
from infra.tables import Tables

_OVERWRITTEN_KEPT = Duration.days(30)
_REASON = "AWS names exports and their files itself, below the table and in the bucket that the rights name."


class Archive(Construct):
    """Objects of 128 KB or more move to Glacier Instant Retrieval, which Athena still reads; AWS leaves smaller ones.

    Nothing of the stack may read or delete them. Exports need point-in-time recovery, so only a stage that keeps its
    data can have an archive.
    """

    def __init__(self, scope: Construct, stage: Stage, tables: Tables) -> None:
        super().__init__(scope, "ArchiveFiles")
        if not stage.keep or not stage.archive_days:
            raise ValueError(f"stage {stage.name}: an archive needs tables that are kept (keep) and archive_days")
        self._tables = tables
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(stage.archive_days),
                    noncurrent_version_expiration=_OVERWRITTEN_KEPT,
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                            transition_after=Duration.days(IN_GLACIER_AFTER),
                        )
                    ],
                )
            ],
        )

    def grant(self, function: Function) -> None:
        """DynamoDB writes with the rights of the function that starts the export."""
        tables = [self._tables.core.table_arn, self._tables.usage.table_arn]
        exports, files = [f"{table}/export/*" for table in tables], self.bucket.arn_for_objects("*")
        function.allow(["dynamodb:ExportTableToPointInTime"], *tables)
        function.allow(["dynamodb:DescribeExport"], *exports)
        function.allow(["s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"], files)
        for resource in (*exports, files):
            rule = f"AwsSolutions::AwsSolutions-IAM5[Resource::{self._as_nag_names(resource)}]"
            Validations.of(function).acknowledge(Acknowledgment(id=rule, reason=_REASON))
        function.add_environment(
            ARCHIVE_BUCKET=self.bucket.bucket_name, CORE_TABLE_ARN=tables[0], USAGE_TABLE_ARN=tables[1]
        )

    def _as_nag_names(self, resource: str) -> str:
        """`<TablesCore90572085.Arn>/export/*`"""
        _, parts = Stack.of(self).resolve(resource)["Fn::Join"]
        return "".join(part if isinstance(part, str) else _named(part) for part in parts)


def _named(reference: dict[str, Any]) -> str:
    return f"<{'.'.join(reference.get('Fn::GetAtt') or [reference['Ref']])}>"
