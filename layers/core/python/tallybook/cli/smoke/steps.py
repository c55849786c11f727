"""The steps of the smoke test. Each checks one thing that a customer or a platform needs, and says what it saw."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tallybook.cli.smoke.account import EMAIL, register_or_resume, set_aside, set_status
from tallybook.cli.smoke.api import CLOUD_EVENT, Api
from tallybook.cli.smoke.mail import NotSent, await_mail
from tallybook.cli.smoke.probe import Probe, cheapest_probe
from tallybook.cli.stop import Stop
from tallybook.domain.accounts import Account, User
from tallybook.domain.errors import NotFound, TallybookError
from tallybook.domain.ids import ACCOUNT, USER
from tallybook.domain.money import MICROS, readable
from tallybook.domain.periods import period_of
from tallybook.domain.times import stamp
from tallybook.services.accounts.operator import create_key, revoke_key
from tallybook.services.billing.open_costs import read_open_costs
from tallybook.services.context import Context
from tallybook.services.identity.platform_keys import create_platform_key, list_platform_keys, revoke_platform_key
from tallybook.services.key_lookup import all_keys
from tallybook.services.lookup import find_account, find_by_email

NAME = "smoke"
SOURCE = "tallybook-smoke/"
KEY_LIFE = timedelta(hours=1)
"""Of the keys: those of an interrupted run expire, and the next run deletes them."""

PAGES = (
    ("identity", "/auth/me"),
    ("accounts", "/v1/user-management/account/subscription"),
    ("quotas", "/v1/usage/quota"),
    ("budgets", "/v1/budgets/status"),
    ("billing", "/v1/billing/current"),
)
"""A path of each function that answers users; metering is called by the other steps."""

type Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run, with its id and its platform key. `mail_may_wait`: a mail that was not sent is no failure."""

    ctx: Context
    api: Api
    report: Report
    pause: Callable[[float], None]
    mail_may_wait: bool
    id: str
    platform_key: str = field(repr=False)


def smoke(
    ctx: Context, api: Api, *, report: Report, pause: Callable[[float], None], mail_may_wait: bool = False
) -> None:
    """Walk through the installation, then clean up, also after a failure. Stop says which step failed, and why."""
    _revoke_keys(ctx)
    now = ctx.clock.now()
    scopes = ("usage:write", "accounts:admin")
    created = create_platform_key(ctx, name=NAME, scopes=scopes, expires_at=now + KEY_LIFE, source_prefix=SOURCE)
    run = Run(ctx, api, report, pause, mail_may_wait, ctx.new_id(now), created.text)
    try:
        _walk(run)
    except BaseException:
        with suppress(Stop, TallybookError):
            _clean_up(run)
        raise
    _clean_up(run)


def _walk(run: Run) -> None:
    account, user, done, mail = _step("registration", lambda: register_or_resume(run.ctx, run.api, run.platform_key))
    run.report("registration", done)
    set_aside(run.ctx, account)
    expires_at = run.ctx.clock.now() + KEY_LIFE
    key = create_key(run.ctx, account.id, user.id, name=NAME, expires_at=expires_at).text
    run.report("functions", _step("functions", lambda: _check_functions(run.api, key)))
    _step("usage", lambda: _check_usage(run, account, user, key))
    run.report("mail", _step("mail", lambda: _check_mail(run, mail)))


def _check_functions(api: Api, key: str) -> str:
    for _, path in PAGES:
        _expect(api.call("GET", path, key=key).status, 200, f"GET {path}")
    return f"{', '.join(name for name, _ in PAGES)} answer"


def _check_usage(run: Run, account: Account, user: User, key: str) -> None:
    """Send an event twice. It must be counted once, and raise the bill by its price exactly."""
    now = run.ctx.clock.now()
    costs = read_open_costs(run.ctx, account, period_of(account.schedule, now), now=now)
    probe = cheapest_probe(costs.catalog, costs.billing_period.plan)
    if probe is None:
        run.report("usage", "not checked: no meter has a price per unit without an allowance")
        return
    before, event = _bill(run.api, key), _event(run, account, user, probe)
    for status in ("accepted", "duplicate"):
        _expect(_send(run, event), status, "POST /v1/platform/events")
    run.report("usage", f"{probe.quantity} of {probe.meter} counted once, although sent twice")
    rise = _bill(run.api, key) - before
    currency = costs.catalog.currency
    if rise != probe.amount:
        raise Stop(f"the bill rose by {readable(rise, currency)} instead of {readable(probe.amount, currency)}")
    run.report("bill", f"rose by {readable(rise, currency)}, the price of the usage")


def _event(run: Run, account: Account, user: User, probe: Probe) -> dict[str, Any]:
    sku = {"sku": probe.sku} if probe.sku else {}
    return {
        "specversion": "1.0",
        "type": "tallybook.usage.v1",
        "source": SOURCE,
        "id": run.id,
        "time": stamp(run.ctx.clock.now()),
        "subject": ACCOUNT + account.id,
        "data": {"meter": probe.meter, "quantity": str(probe.quantity), "user_id": USER + user.id, **sku},
    }


def _send(run: Run, event: Mapping[str, Any]) -> str:
    """The status of the event, or why the request was refused."""
    answer = run.api.call("POST", "/v1/platform/events", key=run.platform_key, body=event, content=CLOUD_EVENT)
    if answer.status != 200:
        return f"{answer.status} ({answer.code})"
    (result,) = answer.data["results"]
    return " ".join(str(result[name]) for name in ("status", "reason") if name in result)


def _check_mail(run: Run, mail: str) -> str:
    try:
        return await_mail(run.ctx, mail, pause=run.pause)
    except NotSent as not_sent:
        if not run.mail_may_wait:
            raise
        return f"NOT SENT YET, which is no failure now: {not_sent.message}"


def _clean_up(run: Run) -> None:
    """Leave the account suspended, without keys, and with exactly what its bill needs."""
    try:
        _step("clean-up", lambda: _cover_bill(run))
    finally:
        _revoke_keys(run.ctx)
    answer = run.api.call("GET", PAGES[-1][1], key=run.platform_key)
    _expect(answer.status, 401, "clean-up: a request with the revoked key")
    run.report("clean-up", "the account is suspended, its keys are revoked, its bill is covered")


def _cover_bill(run: Run) -> None:
    """Bring the balance to what the open bill needs: then no invoice stays unpaid, and no credit counts as owed."""
    try:
        account, _ = find_by_email(run.ctx, EMAIL)
    except NotFound:
        return  # the registration failed
    now = run.ctx.clock.now()
    cost = read_open_costs(run.ctx, account, period_of(account.schedule, now), now=now).costs.total
    missing = cost - find_account(run.ctx, account.id).wallet.balance
    if missing:
        move = {"account_id": ACCOUNT + account.id, "amount": missing, "kind": "adjustment", "reference": run.id}
        answer = run.api.call("POST", "/v1/platform/credits", key=run.platform_key, body=move)
        _expect(answer.status, 201, "POST /v1/platform/credits")
    set_status(run.api, run.platform_key, account.id, "suspend")


def _revoke_keys(ctx: Context) -> None:
    """Revoke the keys of this run, and of earlier ones that were interrupted."""
    for key in list_platform_keys(ctx):
        if key.name == NAME and key.source_prefix == SOURCE:
            revoke_platform_key(ctx, key.id)
    with suppress(NotFound):
        account, _ = find_by_email(ctx, EMAIL)
        for own in all_keys(ctx, account.id):
            revoke_key(ctx, account.id, own.id)


def _bill(api: Api, key: str) -> int:
    """The cost of the current period so far, in micros."""
    answer = api.call("GET", "/v1/billing/current", key=key)
    _expect(answer.status, 200, "GET /v1/billing/current")
    return int(Decimal(str(answer.data["current_cost"])) * MICROS)


def _expect(seen: object, expected: object, what: str) -> None:
    if seen != expected:
        raise Stop(f"{what} answered {seen} instead of {expected}")


def _step[Result](name: str, do: Callable[[], Result]) -> Result:
    """Name the step in what stops it."""
    try:
        return do()
    except (Stop, TallybookError) as error:
        raise Stop(f"smoke test: {name}: {error.message}") from error
