"""May this code be deployed on the data of a stage? `make deploy` asks before it changes anything, and afterwards."""

from collections.abc import Mapping

from infra.release.outputs import release_of
from tallybook.domain.formats import THIS
from tallybook.runtime import connect
from tallybook.services.releases.formats import record_release


def check_stack(outputs: Mapping[str, str]) -> str:
    """Check by a stack's outputs, and record the formats that its data may have (docs/releases.md, "Formats").

    Returns what the data has and what this code reads, in one line. FormatRefused: nothing was changed.
    """
    if "CoreTable" not in outputs:
        return "there is no data yet"
    ctx = connect(core_table=outputs["CoreTable"], usage_table=outputs["UsageTable"])
    deployed = release_of(outputs)
    formats = record_release(ctx, deployed=deployed, is_unrecorded=deployed is None)
    code = f"this code reads {_listed(THIS.reads)} and writes {THIS.writes}"
    return f"the data has format{'s' if len(formats.stored) > 1 else ''} {_listed(formats.stored)}; {code}"


def _listed(formats: tuple[int, ...]) -> str:
    return ", ".join(map(str, formats))
