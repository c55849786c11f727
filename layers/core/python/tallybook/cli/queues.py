"""`tallybook queues`: what waits in the queues, and messages that failed too often."""

import json
import time
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from tallybook.cli.asking import ask
from tallybook.cli.aws import aws_errors, client, stack_output
from tallybook.cli.context import operator_context
from tallybook.cli.masking import mask
from tallybook.cli.options import AsJson, cleaned
from tallybook.cli.printing import print_list, print_result
from tallybook.cli.progress import progress_bar
from tallybook.cli.rows import Row
from tallybook.cli.stack_queues import StackQueue, dead_letters, find_queue, oldest_seconds, stack_queues
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.times import stamp
from tallybook.gateways.clock import Clock
from tallybook.gateways.dead_letters import DeadMessage, FailedQueue
from tallybook.gateways.undelivered import UndeliveredCalls, failed_call, is_of_schedule, reason
from tallybook.services.jobs.redrive import redrive as move

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="What waits in the queues, and messages that failed too often."
)

_COLUMNS = ("name", "waiting", "in_flight", "oldest_seconds", "dead", "dead_oldest_seconds", "reasons")
_DEAD = ("id", "account_id", "calls", "sent_at", "error", "body")
Name = Annotated[str, typer.Argument(callback=cleaned, help="A name that list prints.", metavar="QUEUE")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Each queue: messages that wait, that are being handled, and that failed too often.

    Ages are in seconds; that of dead messages, and their reasons, are those of the first ten.
    """
    with aws_errors():
        queues = stack_queues()
        ages = oldest_seconds(queues)
        rows = [_row(queue, ages.get(queue.name)) for queue in queues]
    print_list("queues", rows, _COLUMNS, as_json=as_json, least=("reasons", "dead_oldest_seconds"))


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Up to ten dead messages of a queue, which stay there. Secrets in them are masked."""
    with aws_errors():
        found = dead_letters(find_queue(name)).look()
    print_list("messages", map(_dead_row, found), _DEAD, as_json=as_json, least=("calls", "error", "sent_at"))


@app.command()
def redrive(  # noqa: PLR0917 the command line names them
    name: Name,
    most: Annotated[int | None, typer.Option(min=1, help="At most this many messages; without it, all.")] = None,
    rate: Annotated[int, typer.Option(min=1, max=500, help="At most this many messages a second.")] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would be moved.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move dead messages back to where they failed. Mend the cause first, else they fail again.

    A message of `undelivered` is a call of a function, which is called again; only if it succeeds, the message goes.
    The exit status is 1 if a message was refused, and stays dead.
    """
    with operator_context() as ctx:
        queue = find_queue(name)
        planned = min(queue.dead, most or queue.dead)
        if planned and not dry_run:
            ask(f"Move back {planned} of {queue.dead} messages of {name}?", yes=yes)
        row: Row = {"queue": name, "dead": queue.dead, "planned": planned, "moved": 0, "refused": 0}
        if planned and not dry_run:
            steps = move(ctx, name, dead_letters(queue), _target(queue).put_back, most=planned)
            with progress_bar() as bar:
                task = bar.add_task("Moving", total=planned)
                for step in steps:
                    row["moved"] += step.moved
                    row["refused"] += step.refused
                    bar.update(task, advance=sum(step))
                    time.sleep(sum(step) / rate)
    print_result(_sentence(row, dry_run=dry_run), row, as_json=as_json)
    if row["refused"]:
        raise typer.Exit(1)


def _target(queue: StackQueue) -> FailedQueue | UndeliveredCalls:
    if queue.url:
        return FailedQueue(client("sqs"), queue.url)
    return UndeliveredCalls(client("lambda"), f"{stack_output('MailFeedbackFunction')}:live")


def _sentence(row: Row, *, dry_run: bool) -> str:
    if dry_run:
        return f"{row['planned']} of {row['dead']} messages of {row['queue']} would be moved back"
    refused = f"; {row['refused']} failed again and stay dead" if row["refused"] else ""
    return f"{row['moved']} messages of {row['queue']} were moved back{refused}"


def _row(queue: StackQueue, oldest: int | None) -> Row:
    dead = dead_letters(queue).look() if queue.dead else []
    sent = min((message.sent_at for message in dead), default=None)
    return {
        "name": queue.name,
        "waiting": queue.waiting,
        "in_flight": queue.in_flight,
        "oldest_seconds": oldest,
        "dead": queue.dead,
        "dead_oldest_seconds": None if sent is None else int((Clock().now() - sent).total_seconds()),
        "reasons": sorted({mask(why) for message in dead if (why := reason(message))}),
    }


def _dead_row(message: DeadMessage) -> Row:
    why, call = reason(message), failed_call(message)
    known = "schedule" if is_of_schedule(message) else call and (call.function or "mail_feedback")
    return {
        "id": message.id,
        "account_id": ", ".join(sorted(set(_accounts(message.body)))) or None,
        "calls": known,
        "sent_at": stamp(message.sent_at),
        "error": mask(why) if why else None,
        "body": mask(message.body),
    }


def _accounts(body: str) -> Iterable[str]:
    """The accounts of a job's task, or of one or more usage events; none if the body is neither."""
    try:
        content = json.loads(body)
    except ValueError:
        return
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and (found := _account(part)):
            yield found


def _account(part: dict[str, Any]) -> str | None:
    found = part.get("account_id") or part.get("subject")
    return ACCOUNT + found.removeprefix(ACCOUNT) if isinstance(found, str) else None
