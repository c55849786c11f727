"""The tables have their keys, their stream and their index; only in production they are protected from deletion.

A first creation that fails is rolled back, and leaves nothing behind: `RetainExceptOnCreate` deletes what the failed
operation created, and protection is off until the stack exists, because it would make that deletion fail.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template

from infra.stack import stack_name
from infra.stage import STAGES, Stage
from infra.tables import Tables
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
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert resource["Properties"]["DeletionProtectionEnabled"] is True
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert resource["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_the_local_stage_expires_nothing_and_has_no_recovery(on_this_computer: Synthesized) -> None:
    for resource in on_this_computer.resources("DynamoDB::Table").values():
        assert resource["DeletionPolicy"] == "Delete"
        assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
        assert "TimeToLiveSpecification" not in resource["Properties"]


def test_until_the_stack_exists_nothing_refuses_its_deletion() -> None:
    first = replace(STAGES["production"], protect=False)
    tables = _tables_alone(first)
    assert len(tables) == 2
    for table in tables:
        assert table["DeletionPolicy"] == "RetainExceptOnCreate"
        assert table["Properties"]["DeletionProtectionEnabled"] is False
    assert (first.protected, STAGES["production"].protected, STAGES["dev"].protected) == (False, True, False)


def test_only_productions_stack_refuses_its_deletion(production: Synthesized, on_this_computer: Synthesized) -> None:
    assert _termination_protection(production) is True
    assert _termination_protection(on_this_computer) is False


def test_the_logs_of_a_stage_that_keeps_data_stay_unless_its_creation_fails(production: Synthesized) -> None:
    policies = {log["DeletionPolicy"] for log in production.resources("Logs::LogGroup").values()}
    assert policies == {"RetainExceptOnCreate"}


def test_a_table_keeps_its_logical_id_as_another_is_a_new_table(production: Synthesized) -> None:
    assert sorted(production.resources("DynamoDB::Table")) == ["TablesCore90572085", "TablesUsageA60E9525"]


def test_nothing_is_retained_that_a_failed_creation_would_leave_behind(production: Synthesized) -> None:
    resources = production.template["Resources"]
    assert [name for name, one in resources.items() if one.get("DeletionPolicy") == "Retain"] == []


def test_only_productions_tables_survive_the_stack() -> None:
    assert [stage.name for stage in STAGES.values() if stage.keep] == ["production"]


def _tables_alone(stage: Stage) -> list[Mapping[str, Any]]:
    stack = Stack()
    Tables(stack, stage)
    return list(Template.from_stack(stack).find_resources("AWS::DynamoDB::Table").values())


def _termination_protection(stage: Synthesized) -> bool:
    manifest = json.loads((stage.folder / "manifest.json").read_text())
    return bool(manifest["artifacts"][stack_name(stage.stage)]["properties"].get("terminationProtection"))


def _tables(stage: Synthesized) -> dict[str, Mapping[str, Any]]:
    return {
        "core" if "Core" in logical_id else "usage": table["Properties"]
        for logical_id, table in stage.resources("DynamoDB::Table").items()
    }


def _hash(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "HASH"}


def _range(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "RANGE"}
