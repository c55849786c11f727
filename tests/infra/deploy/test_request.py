"""`make deploy` refuses in one line what it can't do, before it asks AWS or builds anything."""

import subprocess

import pytest

from infra.deploy.request import Refused, read_request, read_stage
from infra.stage import STAGES
from tests.support.local_stack import ROOT


def test_dev_is_the_default_and_a_terminal_can_be_asked() -> None:
    assert read_request({}, terminal=True) == (STAGES["dev"], False)
    assert read_request({"STAGE": "", "YES": ""}, terminal=True) == (STAGES["dev"], False)


def test_yes_takes_the_place_of_the_terminal() -> None:
    assert read_request({"STAGE": "dev", "YES": "1"}, terminal=False) == (STAGES["dev"], True)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "There is no terminal to ask for your consent: use YES=1"),
        ({"YES": "yes"}, "YES must be 1 or be left out, not 'yes'"),
        ({"YES": "0"}, "YES must be 1 or be left out, not '0'"),
        ({"STAGE": "local", "YES": "1"}, "STAGE=local is this computer, which make run deploys to"),
        (
            {"STAGE": "staging", "YES": "1"},
            "There is no stage 'staging' in infra/stage.py; the stages are production, dev",
        ),
    ],
)
def test_anything_else_is_refused_in_one_line(settings: dict[str, str], says: str) -> None:
    with pytest.raises(Refused) as refused:
        read_request(settings, terminal=False)
    assert str(refused.value) == says


def test_wrong_settings_are_refused_with_a_line_for_each() -> None:
    with pytest.raises(Refused) as refused:
        read_request({"STAGE": "production", "YES": "1"}, terminal=False)
    assert [line.split(":")[0] for line in str(refused.value).splitlines()[:-1]] == ["production", "production"]


def test_other_verbs_refuse_the_local_stage_too() -> None:
    with pytest.raises(Refused):
        read_stage({"STAGE": "local"})


def test_make_hands_the_refusal_on() -> None:
    done = subprocess.run(
        ["make", "-s", "deploy", "STAGE=local", "YES=1"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert lines == ["STAGE=local is this computer, which make run deploys to"]
