"""Allocations, usage and the quota mails about it."""

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


def allocate_quota(app: App, owner: Member, user: User, **quota: int) -> Allocation:
    return allocate(app.ctx, authenticate(app.ctx, owner.session), user.id, quota)


def change_quota(app: App, owner: Member, allocation: Allocation, **quota: int) -> None:
    change_allocation(app.ctx, authenticate(app.ctx, owner.session), allocation.id, quota)


def record_usage(app: App, owner: Member, user: User | None, quantity: str, **named: str) -> None:
    """Record CPU seconds of the user, or another meter in `named`."""
    whose = {"user_id": f"usr-{user.id}"} if user else {}
    app.record(app.event(owner, quantity=quantity, **named, **whose))


def run_checks(app: App, ctx: Context | None = None) -> list[str]:
    """Run all due usage checks, and return what they did."""
    return [result for task in list(due_tasks(app.ctx, USAGE_CHECK)) for result in run_task(ctx or app.ctx, task)]


def quota_mails(app: App, address: str = GRACE) -> list[SentMail]:
    """The delivered mails about reached quotas."""
    return [mail for mail in app.deliver().mails_to(address) if "% of your Tallybook quota" in mail.subject]


def percents(app: App, address: str = GRACE) -> list[int]:
    """The percentages in the subjects of the quota mails, ascending."""
    return sorted(int(mail.subject.split()[3]) for mail in quota_mails(app, address))


def is_dirty(app: App) -> bool:
    return any("work" in mark for mark in app.stored("core", "DIRTY"))
