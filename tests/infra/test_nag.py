"""Every stage follows AWS's rules (synthesis raises where one doesn't) and is a valid template."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.nag import ACCEPTED
from infra.stage import STAGES, Stage, local
from tests.support.template import Synthesized

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stage", [*STAGES.values(), local(8000)], ids=lambda stage: stage.name)
def test_cfn_lint_finds_nothing(stage: Stage, synthesize: Callable[[Stage], Synthesized]) -> None:
    templates = list(synthesize(stage).folder.glob("*.template.json"))
    command = [Path(sys.executable).with_name("cfn-lint"), "--", *templates]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_rule_that_is_not_followed_has_a_reason() -> None:
    assert all(rule.startswith("AwsSolutions::") and len(reason) > 40 for rule, reason in ACCEPTED.items())
