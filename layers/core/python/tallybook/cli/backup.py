"""`tallybook backup`: which seconds can be restored, and restore both tables to one of them."""

import time
from datetime import datetime
from typing import Annotated

import typer

from tallybook.cli.asking import ask
from tallybook.cli.aws import aws_errors, client, stack_output
from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson, instant
from tallybook.cli.printing import print_one, print_result
from tallybook.cli.progress import working
from tallybook.cli.stop import Stop, required
from tallybook.domain.times import stamp
from tallybook.gateways.backups import Backups, Window
from tallybook.runtime import connect
from tallybook.services.outbox.settle import settle_outbox
from tallybook.store.audit import put_operator_entry

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Restore both tables to an earlier second.")

_POLL_SECONDS = 5.0
_OUTPUTS = {"core": "CoreTable", "usage": "UsageTable"}


@app.command()
def show(as_json: AsJson = False) -> None:
    """The first and the last second to which both tables can be restored."""
    with aws_errors():
        window = _common_window(_backups())
    print_one({"earliest": stamp(window.earliest), "latest": stamp(window.latest)}, as_json=as_json)


@app.command()
def restore(
    at: Annotated[datetime, typer.Option(parser=instant, metavar="TIME", help="Like 2026-11-01T12:00:00Z.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore both tables as they were at TIME, as new tables, and print how to point the stack at them.

    The installation goes on with its tables until it is deployed with the new ones. Repeat the command to continue it.
    """
    at = at.replace(microsecond=0)
    with operator_context() as ctx:
        backups, sources = _backups(), {name: stack_output(output) for name, output in _OUTPUTS.items()}
        window = _common_window(backups)
        if not window.earliest <= at <= window.latest:
            raise Stop(f"Only {stamp(window.earliest)} to {stamp(window.latest)} can be restored", code=2)
        targets = {name: f"{required('TALLYBOOK_STACK')}-{name}-{at:%Y%m%dT%H%M%SZ}" for name in sources}
        ask(f"Restore both tables as of {stamp(at)}, as {' and '.join(targets.values())}?", yes=yes)
        with working(f"Restoring {stamp(at)}"):
            for name, source in sources.items():
                backups.start(source, targets[name], at)
            streams = {name: backups.copy_settings(sources[name], targets[name]) for name in sources}
            restored = connect(core_table=targets["core"], usage_table=targets["usage"])
            settled = sum(settle_outbox(restored, ctx.tables))
        now = ctx.clock.now()
        row = {"core": targets["core"], "usage": targets["usage"], "core_stream": streams["core"]}
        entry = put_operator_entry(
            ctx.new_id(now), at=now, action="tables.restored", target=stamp(at), before=sources, after=row
        )
        restored.tables.write(entry)
    sentence = (
        f"Both tables are restored as of {stamp(at)}; {settled} mails and events were delivered since and stay so.\n"
        f"Put this into the stage in infra/stage.py, then make deploy:\n"
        f"restored=Restored(core={row['core']!r}, usage={row['usage']!r}, core_stream={row['core_stream']!r}),"
    )
    print_result(sentence, row | {"at": stamp(at), "settled": settled}, as_json=as_json)


def _backups() -> Backups:
    return Backups(client("dynamodb"), lambda: time.sleep(_POLL_SECONDS))


def _common_window(backups: Backups) -> Window:
    tables = [stack_output(output) for output in _OUTPUTS.values()]
    windows = {table: backups.window(table) for table in tables}
    found = [window for window in windows.values() if window]
    if len(found) < len(windows):
        missing = ", ".join(table for table, window in windows.items() if not window)
        raise Stop(f"There are no backups of {missing}: the stage does not keep its data")
    return Window(max(window.earliest for window in found), min(window.latest for window in found))
