"""Users with shares of a plan, what they use of it, and what they are told."""

from tallybook.domain.accounts import User
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.quotas import Allocation
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.services.quotas.allocations import allocate, change_allocation
from tests.support.app import App, Member
from tests.support.fake_aws import SentMail

GRACE = "grace@example.com"


def share(app: App, owner: Member, user: User, **quota: int) -> Allocation:
    return allocate(app.ctx, authenticate(app.ctx, owner.session), user.id, quota)


def change(app: App, owner: Member, allocation: Allocation, **quota: int) -> None:
    change_allocation(app.ctx, authenticate(app.ctx, owner.session), allocation.id, quota)


def use(app: App, owner: Member, user: User | None, quantity: str, **named: str) -> None:
    """So many CPU seconds of the user, or of what is named."""
    whose = {"user_id": f"usr-{user.id}"} if user else {}
    app.record(app.event(owner, quantity=quantity, **named, **whose))


def check(app: App, ctx: Context | None = None) -> list[str]:
    """All that is due, as the job does it."""
    return [word for task in list(due_tasks(app.ctx, USAGE_CHECK)) for word in run_task(ctx or app.ctx, task)]


def told(app: App, address: str = GRACE) -> list[SentMail]:
    """The letters about what is used up."""
    return [mail for mail in app.deliver().mails_to(address) if "% of your Tallybook quota" in mail.subject]


def percents(app: App, address: str = GRACE) -> list[int]:
    """What their subjects name, lowest first."""
    return sorted(int(mail.subject.split()[3]) for mail in told(app, address))


def marked(app: App) -> bool:
    return any("work" in mark for mark in app.stored("core", "DIRTY"))
