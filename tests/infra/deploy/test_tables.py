"""A release that moves to restored tables is no canary, and none begins with empty tables."""

from dataclasses import replace

import pytest

from infra.deploy.request import Refused
from infra.deploy.tables import check_tables, shifted_for, tables_of
from infra.stage import STAGES, Restored, Stage

PRODUCTION = STAGES["production"]
OWN = {
    "CoreTable": "tallybook-production-TablesCore90572085-1ABC",
    "UsageTable": "tallybook-production-TablesUsageA60E9525-1ABC",
    "FormatsRead": "1,2",
}
NAMES = Restored(
    core="tallybook-production-core-20261101T120000Z",
    usage="tallybook-production-usage-20261101T120000Z",
    core_stream="arn:aws:dynamodb:eu-west-1:123456789012:table/core/stream/2026-11-01T12:00:00.000",
)
RESTORED = OWN | {"CoreTable": NAMES.core, "UsageTable": NAMES.usage}
ON_RESTORED = replace(PRODUCTION, restored=NAMES)


def test_the_move_to_restored_tables_is_shifted_at_once_whatever_rings() -> None:
    assert shifted_for(ON_RESTORED, OWN) == replace(ON_RESTORED, shift="all at once", release_despite_alarms=True)


@pytest.mark.parametrize(("stage", "outputs"), [(PRODUCTION, OWN), (ON_RESTORED, RESTORED)])
def test_a_release_on_the_same_tables_is_shifted_as_the_stage_says(stage: Stage, outputs: dict[str, str]) -> None:
    assert shifted_for(stage, outputs) is stage


def test_a_stage_without_codedeploy_moves_as_it_is() -> None:
    stage = replace(ON_RESTORED, shift=None)
    assert shifted_for(stage, OWN) is stage


def test_the_formats_are_those_of_the_tables_that_the_release_will_use() -> None:
    assert tables_of(ON_RESTORED, OWN) == RESTORED
    assert tables_of(PRODUCTION, OWN) == OWN


def test_a_stage_that_no_longer_names_its_restored_tables_is_refused() -> None:
    with pytest.raises(Refused, match=rf"uses the restored table {NAMES.core}: name it in infra/stage\.py"):
        check_tables(PRODUCTION, RESTORED)


@pytest.mark.parametrize(
    ("stage", "outputs"), [(PRODUCTION, OWN), (PRODUCTION, {}), (ON_RESTORED, OWN), (ON_RESTORED, RESTORED)]
)
def test_other_stages_keep_or_name_their_tables(stage: Stage, outputs: dict[str, str]) -> None:
    check_tables(stage, outputs)
