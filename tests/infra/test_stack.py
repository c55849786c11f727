"""What concerns the stack as a whole."""

import json
from collections.abc import Callable

import pytest

from infra.stack import stack_name
from infra.stage import STAGES, Stage
from tests.support.template import Synthesized


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_its_tags_are_its_application_and_stage(stage: Stage, synthesize: Callable[[Stage], Synthesized]) -> None:
    """CloudFormation gives them to every resource that takes tags."""
    manifest = json.loads((synthesize(stage).folder / "manifest.json").read_text())
    tags = manifest["artifacts"][stack_name(stage)]["properties"]["tags"]
    assert tags == {"application": "tallybook", "stage": stage.name}
