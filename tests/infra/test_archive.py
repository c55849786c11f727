"""Production's archive: kept, encrypted, versioned, for ten years; other stages have none."""

from dataclasses import replace

import pytest

from infra.stage import STAGES
from tests.support.template import Properties, Synthesized, synthesized


def test_the_bucket_is_private_encrypted_and_stays(production: Synthesized) -> None:
    (resource,) = production.resources("S3::Bucket").values()
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    bucket = resource["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_objects_go_to_glacier_and_are_deleted_after_the_stages_days(production: Synthesized) -> None:
    (rule,) = _bucket(production)["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == production.stage.archive_days == 3660
    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]


def test_the_function_knows_the_bucket_and_both_tables(production: Synthesized) -> None:
    variables = production.functions()["archive"]["Environment"]["Variables"]
    assert {"ARCHIVE_BUCKET", "CORE_TABLE_ARN", "USAGE_TABLE_ARN"} <= variables.keys()


def test_a_stage_without_an_archive_has_neither_bucket_nor_function(on_this_computer: Synthesized) -> None:
    assert on_this_computer.resources("S3::Bucket") == {}
    assert "archive" not in on_this_computer.functions()


def test_an_archive_of_tables_that_are_not_kept_is_refused(tmp_path) -> None:
    stage = replace(STAGES["production"], keep=False)
    with pytest.raises(Exception, match="an archive needs tables that are kept"):
        synthesized(stage, tmp_path)


def _bucket(stage: Synthesized) -> Properties:
    (bucket,) = stage.properties("S3::Bucket")
    return bucket
