"""The account of the smoke test, one for each installation: accounts can't be deleted, so each run uses it again.

It is on the free plan and untaxed, and suspended between runs. Its name and the domain of its address mark it:
business figures leave out accounts at `SIMULATOR`.
"""

import secrets
from decimal import Decimal

from tallybook.cli.smoke.api import Api
from tallybook.cli.stop import Stop
from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import OPERATOR
from tallybook.domain.ids import ACCOUNT, derived_id
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.accounts.operator import confirm_email
from tallybook.services.context import Context
from tallybook.services.lookup import find_account, find_by_email

SIMULATOR = "simulator.amazonses.com"
EMAIL = f"success+tallybook-smoke@{SIMULATOR}"
"""SES delivers what is sent there, in its sandbox too, and counts none of it for quotas and rates."""

NAME = "Smoke test"
REASON = "The smoke test is over"


def register_or_resume(ctx: Context, api: Api, platform_key: str) -> tuple[Account, User, str, str]:
    """The account, active, with its root user; what was done; and the id of the mail that this caused.

    Nobody knows the password, which is random: later runs create a key as the operator.
    """
    body = {"email": EMAIL, "password": secrets.token_urlsafe(24), "name": NAME}
    answer = api.call("POST", "/auth/register", body=body)
    if answer.status == 201:
        account, user = find_by_email(ctx, EMAIL)
        return account, user, f"created {ACCOUNT}{account.id}", derived_id("mail", "welcome", account.id, "1")
    if answer.code != "email_exists":
        raise Stop(f"POST /auth/register answered {answer.status} ({answer.code})")
    account, user = find_by_email(ctx, EMAIL)
    if account.status == "active":  # the last run was interrupted
        set_status(api, platform_key, account.id, "suspend")
    set_status(api, platform_key, account.id, "resume")
    account = find_account(ctx, account.id)
    mail = derived_id("mail", "account_resumed", account.id, str(account.counts.audit_count))
    return account, user, f"exists; resumed {ACCOUNT}{account.id}", mail


def set_aside(ctx: Context, account: Account) -> None:
    """Confirm its address, so that its mails are not counted as those to strangers, and tax nothing."""
    if account.email_unconfirmed:
        confirm_email(ctx, account.id)
    set_terms(ctx, account.id, {"tax_rate": Decimal(0)}, actor=OPERATOR)


def set_status(api: Api, platform_key: str, account_id: str, verb: str) -> None:
    path = f"/v1/platform/accounts/{ACCOUNT}{account_id}/{verb}"
    answer = api.call("POST", path, key=platform_key, body={"reason": REASON})
    if answer.status != 200:
        raise Stop(f"POST {path} answered {answer.status} ({answer.code})")
