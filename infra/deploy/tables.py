"""The tables of a release: those of the stack, or the restored ones that the stage names (docs/backup.md)."""

from collections.abc import Mapping
from dataclasses import replace

from infra.deploy.request import Refused
from infra.stack import stack_name
from infra.stage import Stage


def check_tables(stage: Stage, outputs: Mapping[str, str]) -> None:
    """Refused if the stack uses restored tables and the stage names none: the release would begin with empty ones."""
    used = outputs.get("CoreTable", "")
    made_by_the_stack = used.startswith(f"{stack_name(stage)}-Tables")
    if used and not stage.restored and not made_by_the_stack:
        raise Refused(f"{stack_name(stage)} uses the restored table {used}: name it in infra/stage.py (docs/backup.md)")


def tables_of(stage: Stage, outputs: Mapping[str, str]) -> Mapping[str, str]:
    """The outputs of the deployed stack, but with the tables that the release will use."""
    if not stage.restored:
        return outputs
    return {**outputs, "CoreTable": stage.restored.core, "UsageTable": stage.restored.usage}


def shifted_for(stage: Stage, outputs: Mapping[str, str]) -> Stage:
    """The stage, shifted at once and despite alarms if the release moves to other tables.

    Rights change before the aliases move. So the old versions fail on their tables until they are replaced, and in a
    canary's five minutes their errors would take the release back.
    """
    if stage.shift is None or tables_of(stage, outputs) == outputs:
        return stage
    return replace(stage, shift="all at once", release_despite_alarms=True)
