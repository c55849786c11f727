"""What the command line asks for: the stage, and whether to go on without a question. Everything else is refused."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.stage import STAGES, Stage
from infra.stage_checks import WrongSettings, check_stage


class Refused(Exception):
    """Nothing was changed; the message is for the operator."""


class Request(NamedTuple):
    stage: Stage
    yes: bool


def read_request(settings: Mapping[str, str], *, terminal: bool) -> Request:
    """STAGE, by default `dev`, and YES=1, which takes the place of the question where there is no terminal. Refused."""
    stage = read_stage(settings)
    yes = settings.get("YES", "")
    if yes not in ("", "1"):
        raise Refused(f"YES must be 1 or be left out, not {yes!r}")
    if not yes and not terminal:
        raise Refused("There is no terminal to ask for your consent: use YES=1")
    try:
        check_stage(stage)
    except WrongSettings as wrong:
        raise Refused(str(wrong)) from None
    return Request(stage, yes=bool(yes))


def read_stage(settings: Mapping[str, str]) -> Stage:
    """The stage of an AWS account that STAGE names. Refused."""
    name = settings.get("STAGE") or "dev"
    if name == "local":
        raise Refused("STAGE=local is this computer, which make run deploys to")
    if name not in STAGES:
        raise Refused(f"There is no stage {name!r} in infra/stage.py; the stages are {', '.join(STAGES)}")
    return STAGES[name]
