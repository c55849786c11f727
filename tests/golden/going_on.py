"""What the accounts of the story do after it: a month and a half on stored items of any format."""

from datetime import timedelta
from typing import Any

from tallybook.domain.invoices import UNPAID
from tallybook.domain.times import stamp
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.billing.invoices import find_invoice
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.platform_keys import list_platform_keys
from tallybook.services.outbox.deliver import list_outbox, retry
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.email_changes import read_change
from tallybook.store.invoices import read_invoice
from tests.support.app import HERE, PASSWORD, App
from tests.support.budgets import run_usage_check
from tests.support.call import Answer, call

_ACCOUNT = "/v1/user-management/account"
_USERS = "/v1/user-management/users"
_BATCH = {"content-type": "application/cloudevents-batch+json"}


class GoingOn:
    """`credentials` are those of the story, by who has them."""

    def __init__(self, app: App, credentials: dict[str, str]) -> None:
        self.app, self.credentials = app, credentials
        self.ids = {account["email"].partition("@")[0]: account["id"] for account in app.stored("core", "ACCOUNT")}
        self.users = {user["email"].partition("@")[0]: user for user in app.stored("core", "USER#")}
        self._sent = 0

    def get(self, who: str, url: str) -> Answer:
        return call("GET", url, key=self.credentials[who])

    def ask(self, method: str, url: str, who: str, **body: Any) -> Any:
        answer = call(method, url, key=self.credentials[who], body=body)
        assert answer.status in (200, 201), (url, answer.text)
        return answer.json["data"]

    def send(self, *events: Item) -> list[str]:
        """The status of each event."""
        answer = call(
            "POST", "/v1/platform/events", key=self.credentials["platform"], body=list(events), headers=_BATCH
        )
        return [result["status"] for result in answer.json["data"]["results"]]

    def usage(self, who: str, quantity: object, *, meter: str = "cpu_seconds", days_ago: int = 0, **data: Any) -> Item:
        self._sent += 1
        return {
            "specversion": "1.0",
            "id": f"after-{self._sent}",
            "source": "test",
            "type": "tallybook.usage.v1",
            "time": stamp(self.app.clock.now() - timedelta(days=days_ago)),
            "subject": f"acc-{self.ids[who]}",
            "data": {"meter": meter, "quantity": str(quantity), **data},
        }

    def live(self) -> None:
        """Sign in, use, change plans, answer what waits, close periods, void and reissue."""
        self.sign_in()
        self.use()
        self.answer_what_waits()
        self.pass_days(3)
        self.change_plans()
        self.pass_days(39)
        self.correct_invoices()
        self.pass_days(33)

    def sign_in(self) -> None:
        for name in ("ada", "eve", "fay", "hal"):
            body = {"email": self.users[name]["email"], "password": PASSWORD}
            answer = call("POST", "/auth/login", body=body)
            assert answer.status == 200, answer.text

    def use(self) -> None:
        """Usage now and late, of every account; credits; and a session."""
        events = [
            self.usage(who, 100_000, days_ago=ago) for who in ("ada", "eve", "hal", "gus", "fay") for ago in (0, 20)
        ]
        bob = f"usr-{self.users['bob']['id']}"
        more = [
            self.usage("ada", 2, meter="template_storage_gb_hours", user_id=bob),
            self.usage("ada", 60, meter="container_minutes", sku="M", app_id="shop"),
            self.usage("hal", 5_000, meter="credits"),
        ]
        assert set(self.send(*events, *more)) == {"accepted"}
        call("POST", "/v1/platform/sessions/run-3/end", key=self.credentials["platform"])
        size = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 3600}
        user = f"usr-{self.users['ada']['id']}"
        started = {"account_id": f"acc-{self.ids['ada']}", "user_id": user, "session_id": "after", **size}
        self.ask("PUT", "/v1/budgets", "ada", budget_amount=9_000)
        self.ask("POST", "/v1/platform/sessions", "platform", **started)
        run_usage_check(self.app)

    def answer_what_waits(self) -> None:
        """Mails that wait, that one delivery held, and that was parked; links, a quota request, a suspension."""
        (parked,) = list_outbox(self.app.ctx, state="parked", limit=10)
        retry(self.app.ctx, parked.id)
        self.app.clock.advance(minutes=5)
        self.app.deliver()
        assert not self.app.waiting()
        call("POST", "/auth/password/reset", body={"email": "bob@example.com"})
        self.app.deliver()
        token = self.app.fake_aws.mails_to("bob@example.com")[-1].token
        body = {"token": token, "password": "a new test value", "end_api_keys": False}
        assert call("POST", "/auth/password/confirm", body=body).status == 200
        change = read_change(self.app.ctx.tables.get(keys.email_change(self.ids["ada"])) or {})
        for text in self.app.email_tokens(change).values():
            confirm_email_change(self.app.ctx, token=text, address=HERE)
        assert self.get("ada", f"{_ACCOUNT}/email-change-status").status == 200
        requests = self.get("ada", "/v1/user-management/quota-requests").json["data"]
        (pending,) = [one for one in requests["requests"] if one["status"] == "pending"]
        review = f"/v1/user-management/quota-requests/{pending['request_id']}/review"
        self.ask("POST", review, "ada", action="approve", review_notes="Seen")
        self.ask("POST", f"/v1/platform/accounts/acc-{self.ids['fay']}/resume", "platform", reason="paid")
        self.ask("PUT", _ACCOUNT, "eve", time_zone="America/New_York")
        assert call("DELETE", f"{_USERS}/usr-{self.users['bob']['id']}", key=self.credentials["ada"]).status == 200
        assert call("DELETE", "/v1/budgets", key=self.credentials["eve"]).status == 200
        self.ask("POST", "/v1/budgets", "eve", budget_amount=1)
        assert len(list_platform_keys(self.app.ctx)) == 2

    def change_plans(self) -> None:
        for who, plan in (("ada", "hobby"), ("eve", "pro"), ("hal", "pro")):
            self.ask("POST", f"{_ACCOUNT}/subscription/preview", who, plan_name=plan)
            self.ask("POST", f"{_ACCOUNT}/subscription", who, plan_name=plan)
            assert set(self.send(self.usage(who, 50_000), self.usage(who, 70_000, days_ago=10))) == {"accepted"}

    def correct_invoices(self) -> None:
        """Void what is unpaid; reissue every second void invoice, of now and of the story; then a draft."""
        ctx = self.app.ctx
        listed = [read_invoice(item) for item in self.app.stored("core", "INVOICE#")]
        for listed_one in sorted(listed, key=lambda one: (one.account_id, one.position)):
            invoice = find_invoice(ctx, listed_one.id)  # a refund may have paid it meanwhile
            if invoice.status in UNPAID:
                void_invoice(ctx, invoice.id, reason="a test")
            if invoice.status in ("void", *UNPAID) and invoice.position % 2:
                reissue_invoice(ctx, invoice.id)
        self.send(*(self.usage(who, 30_000, days_ago=30) for who in ("ada", "eve", "hal", "gus", "fay")))
        self.ask("POST", "/v1/billing/invoice/generate", "eve")

    def pass_days(self, days: int) -> None:
        for _ in range(days // 3):
            self.app.clock.advance(days=3)
            self.app.invoice_due()
            run_usage_check(self.app)
            self.app.deliver()
