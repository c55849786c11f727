"""Every stage follows AWS's rules (synthesis raises if not) and is a valid template."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.edge.web_acl import synthesize_web_acl
from infra.nag import ACCEPTED
from infra.stage import STAGES, Stage, local
from tests.infra.edge.stages import BEHIND_CLOUDFRONT, WITH_DOMAIN
from tests.support.template import Synthesized

ROOT = Path(__file__).parents[2]


def test_cfn_lint_finds_nothing_in_any_stage(synthesize: Callable[[Stage], Synthesized], tmp_path: Path) -> None:
    stages = [synthesize(stage) for stage in (*STAGES.values(), local(8000), WITH_DOMAIN, BEHIND_CLOUDFRONT)]
    templates = [template for stage in stages for template in stage.folder.glob("*.template.json")]
    assert len(templates) == len(stages)
    templates.append(synthesize_web_acl(BEHIND_CLOUDFRONT, tmp_path / "cdk.out"))
    command = [
        Path(sys.executable).with_name("cfn-lint"),
        "--",
        *templates,
    ]  # one run for all: starting it takes half of the time
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_rule_that_is_not_followed_has_a_reason() -> None:
    assert all(rule.startswith(("AwsSolutions::", "CloudFormation-Validate::")) for rule in ACCEPTED)
    assert all(len(reason) > 40 for reason in ACCEPTED.values())
