"""The app under test: the services on test tables, with factories for accounts, users, keys and usage."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tallybook.cli.catalog_file import read_catalog
from tallybook.domain.accounts import Account, User
from tallybook.domain.credentials import SCOPES, SECRET_BYTES, PlatformCaller, hash_text
from tallybook.domain.email_change import CONFIRMATION_TEMPLATES, TOKEN_BYTES, EmailChange, Side
from tallybook.domain.email_change import new_token as new_email_token
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.passwords import Purpose, new_token
from tallybook.domain.times import stamp
from tallybook.domain.usage import Result
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.accounts.sign_up import register
from tallybook.services.billing.apply_catalog import apply_catalog
from tallybook.services.context import Context
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import set_password
from tallybook.services.identity.platform_keys import create_platform_key
from tallybook.services.identity.sign_in import SignedIn, login
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.services.outbox.deliver import deliver
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.capacity import CapacityMeter
from tallybook.store.catalogs import Catalogs
from tallybook.store.commands import Delete, Update
from tallybook.store.email_changes import put_token as put_email_token
from tallybook.store.password_tokens import put_token
from tallybook.store.platform_keys import note_use
from tallybook.wire.requests.cloudevents import read_events
from tests.support.clock import StillClock
from tests.support.cloud import NAMES, all_items, meter_of
from tests.support.fake_aws import FakeAws
from tests.support.ndjson import as_json

CATALOG = Path(__file__).with_name("catalog.toml")
PASSWORD = "correct horse battery"
HERE = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Member:
    """A user with both ways to call: a sign-in session and an API key."""

    account: Account
    user: User
    session: str
    api_key: str

    @property
    def subject(self) -> str:
        return f"acc-{self.account.id}"

    @property
    def user_id(self) -> str:
        return f"usr-{self.user.id}"


class App:
    def __init__(self, ctx: Context, client: Any, names: dict[Any, str] = NAMES) -> None:
        self.ctx = ctx
        self.client = client
        self.names = names
        self.fake_aws = FakeAws()
        self._registered = 0
        self._events = 0

    @property
    def clock(self) -> StillClock:
        assert isinstance(self.ctx.clock, StillClock)
        return self.ctx.clock

    @property
    def meter(self) -> CapacityMeter:
        return meter_of(self.ctx.tables)

    def reshape(self, **settings: Any) -> None:
        """Replace settings of the context; without arguments, restore the usual ones."""
        plain = Context(
            tables=self.ctx.tables,
            catalogs=self.ctx.catalogs,
            clock=self.ctx.clock,
            password_rounds=self.ctx.password_rounds,
            workers=self.ctx.workers,
            limits=self.ctx.limits,
        )
        self.ctx = replace(plain, **settings)

    def forget_caches(self) -> None:
        """Forget the cached catalogs, as in a process that has just started."""
        self.ctx = replace(self.ctx, catalogs=Catalogs(self.ctx.tables))

    def catalog_data(self) -> dict[str, Any]:
        return read_catalog(CATALOG)

    def apply_catalog(self, **changes: Any) -> None:
        apply_catalog(self.ctx, self.catalog_data() | changes)

    def member(self, email: str | None = None) -> Member:
        self._registered += 1
        signed_in = register(
            self.ctx, email=email or f"owner{self._registered}@example.com", password=PASSWORD, address=HERE
        )
        return Member(signed_in.account, signed_in.user, signed_in.text, self._key(signed_in))

    def invite(self, by: Member, email: str | None = None, *, is_root: bool = False) -> User:
        """A user whom `by` invites; has no password yet."""
        self._registered += 1
        principal = authenticate(self.ctx, by.session, address=HERE)
        return invite_user(
            self.ctx, principal, Invitation(email or f"user{self._registered}@example.com", is_root=is_root)
        )

    def colleague(self, of: Member, email: str | None = None, *, is_root: bool = False) -> Member:
        """An invited user of the account who has set a password; a root user only with `is_root`."""
        user = self.invite(of, email, is_root=is_root)
        set_password(self.ctx, token=self.password_token(user), password=PASSWORD, address=HERE)
        signed_in = login(self.ctx, email=user.email, password=PASSWORD, address=HERE)
        return Member(signed_in.account, signed_in.user, signed_in.text, self._key(signed_in))

    def confirm(self, member: Member) -> Member:
        """The member after a reset by a mail's link, which confirms their address; their API keys stay."""
        token = self.password_token(member.user, "reset")
        set_password(self.ctx, token=token, password=PASSWORD, address=HERE, end_api_keys=False)
        return replace(member, session=login(self.ctx, email=member.user.email, password=PASSWORD, address=HERE).text)

    def _key(self, signed_in: SignedIn) -> str:
        """An API key, without its mail, so that a test's mails are those that it causes."""
        text = create_api_key(self.ctx, authenticate(self.ctx, signed_in.text), name="test").text
        account_id = signed_in.account.id
        account = self.ctx.tables.get(keys.account(account_id))
        assert account is not None
        mail = derived_id("mail", "api_key_created", account_id, str(account["audits"]))
        self.ctx.tables.write(Delete(keys.outbox(mail)))
        return text

    def password_token(self, user: User, purpose: Purpose = "invitation") -> str:
        """A password token as a mail's link has it; it replaces the user's former one."""
        ids = {"account_id": user.account_id, "user_id": user.id}
        secret = self.ctx.random_bytes(SECRET_BYTES)
        token, text = new_token(**ids, purpose=purpose, now=self.ctx.clock.now(), secret=secret)
        self.ctx.tables.write(put_token(token))
        return text

    def email_tokens(self, change: EmailChange) -> dict[Side, str]:
        """The tokens as the links of the two mails have them; they replace the former ones."""
        tokens: dict[Side, str] = {
            side: new_email_token(self.ctx.random_bytes(TOKEN_BYTES)) for side in CONFIRMATION_TEMPLATES.values()
        }
        for side, text in tokens.items():
            self.ctx.tables.transact(put_email_token(change, side, hash_text(text)))
        return tokens

    def platform_key(self, *scopes: str) -> str:
        """A key in use: the next call that notes its use is an hour away."""
        created = create_platform_key(self.ctx, name="test", scopes=scopes or SCOPES)
        self.ctx.tables.write(note_use(created.key, at=self.ctx.clock.now()))
        return created.text

    def platform(self, *scopes: str) -> PlatformCaller:
        """The platform with a new key, as the services see it."""
        return PlatformCaller(self.platform_key(*scopes), HERE)

    def waiting(self) -> list[str]:
        """The ids of the outbox items that have not been delivered, oldest first."""
        items = [item for item in self.stored("core") if item["sk"] == "OUTBOX" and item["state"] == "waiting"]
        return [item["id"] for item in sorted(items, key=lambda item: (item["created_at"], item["id"]))]

    def deliver(self) -> FakeAws:
        """Deliver all waiting outbox items, as the stream would; return the fake that received them."""
        for item_id in self.waiting():
            deliver(self.ctx, self.fake_aws.channels(), item_id)
        return self.fake_aws

    def event(self, member: Member, **changes: Any) -> dict[str, Any]:
        """A CloudEvent of 100 CPU seconds now; changes go to the envelope or, where it has no such key, to data."""
        self._events += 1
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"event-{self._events}",
            "source": "test",
            "type": "tallybook.usage.v1",
            "time": stamp(self.ctx.clock.now()),
            "subject": member.subject,
            "data": {"meter": "cpu_seconds", "quantity": 100},
        }
        for name, value in changes.items():
            (event if name in event else event["data"])[name] = stamp(value) if isinstance(value, datetime) else value
        return event

    def record(self, *events: dict[str, Any]) -> list[Result]:
        """Ingest the events by the service, without HTTP."""
        submitted = read_events(as_json(list(events)))
        return record_usage(self.ctx, submitted, self.ctx.tables.get_many(account_keys(submitted)))

    def invoice_due(self) -> list[Invoice]:
        """Run all due invoicing tasks, as the hourly tick does; return the invoices issued or marked overdue."""
        return [invoice for task in list(due_tasks(self.ctx, INVOICES)) for invoice in run_task(self.ctx, task)]

    def change_account(self, member: Member, **values: Any) -> None:
        self.ctx.tables.write(Update(keys.account(member.account.id), set=values))

    def change_user(self, member: Member, **values: Any) -> None:
        self.ctx.tables.write(Update(keys.user(member.account.id, member.user.id), set=values))

    def account_of(self, member: Member) -> Account:
        """The account as stored now."""
        item = self.ctx.tables.get(keys.account(member.account.id))
        assert item is not None
        return read_account(item)

    def stored(self, table: str, sk: str = "") -> list[dict[str, Any]]:
        return all_items(self.client, self.names[table], sk)
