"""The tables have their keys, their stream and their index; only in production they are protected from deletion."""

from collections.abc import Mapping
from typing import Any

from infra.stage import STAGES
from tests.support.template import Synthesized


def test_both_are_keyed_by_pk_and_sk_on_demand(production: Synthesized) -> None:
    for table in _tables(production).values():
        assert table["KeySchema"] == [_hash("pk"), _range("sk")]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"S"}


def test_only_core_has_a_stream_and_the_index_of_work(production: Synthesized) -> None:
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


def test_production_keeps_its_tables_and_has_point_in_time_recovery(production: Synthesized) -> None:
    for resource in production.resources("DynamoDB::Table").values():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert resource["Properties"]["DeletionProtectionEnabled"] is True
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert resource["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_the_local_stage_expires_nothing_and_has_no_recovery(on_this_computer: Synthesized) -> None:
    for resource in on_this_computer.resources("DynamoDB::Table").values():
        assert resource["DeletionPolicy"] == "Delete"
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
        assert "TimeToLiveSpecification" not in resource["Properties"]


def test_only_productions_tables_survive_the_stack() -> None:
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
