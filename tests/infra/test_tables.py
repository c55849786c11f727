"""The tables have their keys, their stream and their index, and outlive a mistake in production alone."""

from collections.abc import Mapping
from typing import Any

from infra.stage import STAGES
from tests.support.template import Synthesized


def test_both_are_keyed_by_pk_and_sk_on_demand(production: Synthesized) -> None:
    for table in _tables(production).values():
        assert table["KeySchema"] == [_hash("pk"), _range("sk")]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"S"}


def test_core_alone_has_a_stream_and_the_index_of_work(production: Synthesized) -> None:
    tables = _tables(production)
    assert tables["core"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert tables["core"]["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "work",
            "KeySchema": [_hash("work"), _range("due")],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ]
    assert not {"StreamSpecification", "GlobalSecondaryIndexes"} & set(tables["usage"])


def test_production_keeps_them_and_can_go_back_in_time(production: Synthesized) -> None:
    for resource in production.resources("DynamoDB::Table").values():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert resource["Properties"]["DeletionProtectionEnabled"] is True
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert resource["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_this_computer_expires_nothing_and_keeps_no_history(on_this_computer: Synthesized) -> None:
    for resource in on_this_computer.resources("DynamoDB::Table").values():
        assert resource["DeletionPolicy"] == "Delete"
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
        assert "TimeToLiveSpecification" not in resource["Properties"]


def test_only_production_is_kept() -> None:
    assert [stage.name for stage in STAGES.values() if stage.keep] == ["production"]


def _tables(stage: Synthesized) -> dict[str, Mapping[str, Any]]:
    return {
        "core" if "Core" in logical_id else "usage": table["Properties"]
        for logical_id, table in stage.resources("DynamoDB::Table").items()
    }


def _hash(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "HASH"}


def _range(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "RANGE"}
