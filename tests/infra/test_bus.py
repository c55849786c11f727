"""Each stage has its own bus; the functions that use it and the operator get its name."""

from collections.abc import Callable

import pytest

from infra.groups import GROUPS
from infra.stage import STAGES, Stage, local
from tests.support.template import Synthesized, format_value


@pytest.mark.parametrize("stage", [*STAGES.values(), local(8000)], ids=lambda stage: stage.name)
def test_a_stage_has_its_own_bus(stage: Stage, synthesize: Callable[[Stage], Synthesized]) -> None:
    (bus,) = synthesize(stage).properties("Events::EventBus")
    assert bus["Name"] == f"tallybook-{stage.name}"


def test_the_bus_name_is_passed_to_its_users(production: Synthesized) -> None:
    named = {
        name: format_value(function["Environment"]["Variables"]["BUS_NAME"])
        for name, function in production.functions().items()
        if "BUS_NAME" in function["Environment"]["Variables"]
    }
    assert named == {group.name: "Bus" for group in GROUPS if group.bus}
    assert format_value(production.template["Outputs"]["BusName"]["Value"]) == "Bus"
