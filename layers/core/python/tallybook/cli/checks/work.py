"""Work that is not done: dead messages, the outbox, jobs that are late; and the clock."""

from datetime import timedelta

from tallybook.cli.aws import date_of_aws
from tallybook.cli.checks import Findings, Problem, Site, Status, summed_up
from tallybook.cli.stack_queues import stack_queues
from tallybook.domain.jobs import INVOICES, USAGE_CHECK
from tallybook.domain.outbox import OutboxItem
from tallybook.domain.times import parse_instant, stamp
from tallybook.gateways.clock import Clock
from tallybook.services.jobs.due_tasks import late_after
from tallybook.services.outbox.deliver import list_outbox

_MOST = 100
_SKEW, _REFUSED_SKEW = timedelta(seconds=30), timedelta(minutes=5)


def check_queues(_site: Site) -> Findings:
    queues = stack_queues()
    problems = [
        Problem(f"{queue.dead} dead messages in {queue.name}", f"tallybook queues show {queue.name}, then redrive it")
        for queue in queues
        if queue.dead
    ]
    yield summed_up("dead messages", problems, fine=f"none in {len(queues)} queues")


def check_outbox(site: Site) -> Findings:
    parked = list_outbox(site.ctx, state="parked", limit=_MOST)
    waiting = list_outbox(site.ctx, state="waiting", limit=_MOST)
    failed = [item for item in waiting if not isinstance(item, OutboxItem) or item.error]
    problems = []
    if parked:
        problems.append(Problem(f"{_counted(len(parked))} items are not retried", "tallybook outbox list --parked"))
    if failed:
        error = failed[0].error
        text = f"{_counted(len(failed))} waiting items failed, the longest due with {error}"
        problems.append(Problem(text, "tallybook outbox list", "warning"))
    yield summed_up("outbox", problems, fine="every mail and event is delivered or about to be")


def check_jobs(site: Site) -> Findings:
    """The oldest due work of each job is not older than two of its calls."""
    now = site.ctx.clock.now()
    for job in (INVOICES, USAGE_CHECK):
        due = [found.at for part in job.partitions() for found in site.ctx.tables.query_due(part, limit=1)]
        late = [at for at in due if now - parse_instant(at) > late_after(job)]
        problems = [Problem(f"work is due since {min(late)}", f"see the log of {job.name}")] if late else []
        yield summed_up(f"job {job.name}", problems, fine="no work is late")


def check_clock(site: Site) -> Findings:
    """AWS refuses requests whose clock is five minutes wrong."""
    skew = abs(Clock().now() - date_of_aws())
    problems = []
    if skew > _SKEW:
        status: Status = "failed" if skew > _REFUSED_SKEW else "warning"
        text = f"this computer's clock and AWS's differ by {skew.total_seconds():.0f} s"
        problems.append(Problem(text, "set this computer's clock", status))
    yield summed_up("clock", problems, fine=f"as AWS's; the installation's time is {stamp(site.ctx.clock.now())}")


def _counted(number: int) -> str:
    return f"{number} or more" if number == _MOST else str(number)
