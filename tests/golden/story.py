"""A story of a few accounts, after which every kind of item is stored.

Clock, ids and secrets are fixed, so it stores the same in every run; the secrets are test values.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tallybook.store import keys
from tallybook.store.outbox import claim, note_sent, read_outbox_item
from tests.golden.actions import Actions, Cast
from tests.support.call import LambdaContext, call

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
END = datetime(2026, 4, 2, tzinfo=UTC)
FINANCE, BOUNCING = "finance@example.com", "gone@example.com"
PASSWORD = "correct horse battery"
_ACCOUNT, _USERS = "/v1/user-management/account", "/v1/user-management/users"
_ALLOCATIONS = "/v1/user-management/quota-allocations"


def act(cast: Cast) -> dict[str, str]:
    """Act the story, from `BEGIN` to `END`; return the credentials with which it goes on."""
    return _Story(cast).run()


class _Story(Actions):
    def run(self) -> dict[str, str]:
        self.app.clock.moment = BEGIN
        self._open()
        self._use_everything()
        self._share_quotas()
        self._reach_the_budget()
        self._pass(days=15)
        self._change_plans()
        self._pass(days=6)
        self._change_plan_at_a_start()
        self._move_email()
        self._pass(days=27)
        self._use_late()
        self._correct_invoices()
        self._pass(days=29)
        self._leave_things_pending()
        assert self.app.clock.now() == END
        return {
            "platform": self.platform,
            "ada": self.ada.api_key,
            "ada_session": self.session,
            "bob": self.bob.api_key,
            "eve": self.eve.api_key,
            "fay": self.fay.api_key,
            "hal": self.hal.api_key,
        }

    def _open(self) -> None:
        """Three accounts with users, keys and names."""
        app = self.app
        self.plans = app.catalog_data()["plans"]
        self.plans["hobby"]["limits"] |= {"cpu_seconds_monthly": 50_000_000, "template_storage_gb": 500}
        self.plans["pro"]["limits"] |= {"cpu_seconds_monthly": 300_000_000}
        self.plans["annual"] = self.plans["pro"] | {"price": "120", "billing_interval": "year"}
        self._apply_catalog("7.7")
        self.platform = app.platform_key()
        self.cast.platform_key()
        self.ada, self.eve, self.fay, self.hal = (
            app.member(f"{name}@example.com") for name in ("ada", "eve", "fay", "hal")
        )
        self.bob, self.dan = (app.colleague(self.ada, f"{name}@example.com") for name in ("bob", "dan"))
        self.cast.invite(self.ada, "cyd@example.com")
        self.gus, _ = self.cast.invite_account("gus@example.com")
        self._ask("PUT", _ACCOUNT, self.ada, display_name="Ada & Co", description="Engines", time_zone="Europe/Berlin")
        key = {"name": "ci", "expires_at": "2027-01-01T00:00:00Z"}
        self._ask("POST", "/v1/user-management/api-keys", self.ada, **key)
        password = {"current_password": PASSWORD, "password": "another test value"}
        assert call("POST", "/auth/password", bearer=self.dan.session, body=password).status == 200
        self._ask("PUT", f"{_USERS}/{self.dan.user_id}", self.ada, status="suspended", suspension_reason="on leave")
        body = {"email": "ada@example.com", "password": PASSWORD}
        self.session = call("POST", "/auth/login", body=body).cookies[0].partition("=")[2].partition(";")[0]
        self._deliver()
        assert call("DELETE", f"{_USERS}/{self.dan.user_id}", key=self.ada.api_key).status == 200
        self._deliver()

    def _use_everything(self) -> None:
        """Every meter, with and without user, session and app; and credits, which the wallet pays."""
        self._grant(self.ada, 30_000_000, "order 1")
        self._start("run-1", self.bob)
        self.app.clock.advance(minutes=30)
        assert call("POST", "/v1/platform/sessions/run-1/end", key=self.platform).status == 200
        self._start("run-2", self.bob)  # it ends by its timeout
        whole = {"user_id": self.bob.user_id, "session_id": "run-1"}
        self._send(
            self.app.event(self.ada, meter="cpu_seconds", quantity="1234567.5", **whole),
            self.app.event(self.ada, meter="ram_gb_seconds", quantity=7_200_000, **whole),
            self.app.event(self.ada, meter="sandbox_storage_gb_seconds", quantity=30_000_000, **whole),
            self.app.event(self.ada, meter="traffic_gb_seconds", quantity="0.000000001"),
            self.app.event(self.ada, meter="template_storage_gb_hours", quantity=3, user_id=self.bob.user_id),
            self.app.event(self.ada, meter="container_minutes", sku="M", quantity=90_000, app_id="shop"),
            self.app.event(self.ada, meter="addon_minutes", sku="redis-starter", quantity=9_000, app_id="shop"),
            self.app.event(self.ada, meter="credits", quantity=250_000, app_id="shop"),
            self.app.event(self.eve, meter="cpu_seconds", quantity=2_000_000),
            self.app.event(self.fay, meter="cpu_seconds", quantity=900_000),
            self.app.event(self.fay, subject=f"acc-{self.gus.id}", meter="credits", quantity=1_000_000),
            self.app.event(self.fay, subject=f"acc-{self.gus.id}", meter="cpu_seconds", quantity=20_000),
        )
        self._check()

    def _share_quotas(self) -> None:
        """Allocations that are active, revoked and of a request, and requests in each state."""
        made = self._ask("POST", _ALLOCATIONS, self.ada, user_id=self.bob.user_id, cpu_seconds_monthly=1_500_000)
        bobs = made["allocation"]["allocation_id"]
        self._ask("PUT", f"{_ALLOCATIONS}/{bobs}", self.ada, cpu_seconds_monthly=1_300_000, concurrent_sandboxes=2)
        self._check()  # 95 % are used: a mail
        own = self._ask("POST", _ALLOCATIONS, self.ada, user_id=self.ada.user_id, concurrent_sandboxes=1)
        self._ask("POST", f"{_ALLOCATIONS}/{own['allocation']['allocation_id']}/revoke", self.ada)
        for action in ("deny", "approve", None):
            filed = self._ask("POST", "/v1/usage/quota-requests", self.bob, concurrent_sandboxes=3, reason="CI")
            request = filed["request"]["request_id"]
            if action:
                path = f"/v1/user-management/quota-requests/{request}/review"
                self._ask("POST", path, self.ada, action=action, review_notes="Seen")
        self._deliver()

    def _reach_the_budget(self) -> None:
        """A hard budget that is reached, raised and replaced by another; a mail of it bounces."""
        budget: dict[str, Any] = {
            "alert_thresholds": [{"percent": 50, "enabled": True}, {"percent": 99.5, "enabled": True}],
            "limit_type": "hard",
            "notification_emails": [FINANCE, BOUNCING],
        }
        self._ask("POST", "/v1/budgets", self.ada, budget_amount=100, **budget)
        self._check()
        self._deliver()
        self._ask("PUT", "/v1/budgets", self.ada, budget_amount=20)
        self._check()
        self._deliver()
        self._bounce()
        self._park()
        assert call("DELETE", "/v1/budgets", key=self.ada.api_key).status == 200
        self._ask("POST", "/v1/budgets", self.ada, budget_amount=500, **budget)
        self._ask("POST", "/v1/budgets", self.eve, budget_amount=20, alert_thresholds=[budget["alert_thresholds"][1]])

    def _change_plans(self) -> None:
        """Up to a monthly and a yearly plan; an account is suspended for two days, with terms of its own."""
        self._grant(self.ada, 45_000_000, "order 2")
        self._grant(self.eve, 200_000_000, "order 2")
        self._send(self.app.event(self.ada, meter="cpu_seconds", quantity=10_000))
        self._ask("POST", f"{_ACCOUNT}/subscription", self.ada, plan_name="pro")
        self._platform("PUT", self.eve, tax_rate="19", discount="12.5")
        self._ask("POST", f"{_ACCOUNT}/subscription", self.eve, plan_name="annual")
        self._platform("POST", self.eve, "/suspend", reason="unpaid")
        self.app.clock.advance(days=2)
        self._platform("POST", self.eve, "/resume", reason="paid")
        self.plans["annual"] |= {"price": "150"}
        self._apply_catalog("8.1")

    def _change_plan_at_a_start(self) -> None:
        """A plan change at the very start of a period in which something was used."""
        self.app.clock.moment = datetime(2026, 2, 5, tzinfo=UTC)
        self._grant(self.hal, 60_000_000, "order 1")
        self._send(self.app.event(self.hal, meter="cpu_seconds", quantity=40_000))
        self._ask("POST", f"{_ACCOUNT}/subscription", self.hal, plan_name="pro")

    def _move_email(self) -> None:
        """An email change that both addresses confirm."""
        before, after = "hal@example.com", "hal@example.org"
        self._ask("POST", f"{_ACCOUNT}/email-change-request", self.hal, current_email=before, new_email=after)
        self._deliver()
        for address in (before, after):
            (mail,) = [one for one in self.channels.mails if one.to == address and "/auth/email/confirm" in one.text]
            confirmed = call("POST", f"{_ACCOUNT}/confirm-email-change", body={"token": mail.token})
            assert confirmed.status == 200, confirmed.text

    def _use_late(self) -> None:
        """Usage of a closed period, which the invoice of the open one bills."""
        ago = self.app.clock.now() - timedelta(days=30)
        for member in (self.ada, self.eve, self.fay):
            self._send(
                self.app.event(member, meter="cpu_seconds", quantity=300_000, time=ago),
                self.app.event(member, meter="container_minutes", sku="S", quantity=6_000, time=ago, app_id="shop"),
                self.app.event(member, meter="cpu_seconds", quantity=5_000_000),
            )
        self._check()

    def _correct_invoices(self) -> None:
        """One invoice void, one void and reissued."""
        self.cast.void(self._unpaid(self.fay)[0], "wrong address")
        newest = self._unpaid(self.ada)[-1]
        self.cast.void(newest, "wrong tax")
        self._platform("PUT", self.ada, tax_rate="2.5")
        self.cast.reissue(newest)
        self._ask("POST", f"{_ACCOUNT}/subscription", self.hal, plan_name="hobby")  # the unused fee is carried

    def _leave_things_pending(self) -> None:
        """What waits, runs or is not confirmed yet."""
        self._deliver()
        call("POST", "/auth/password/reset", body={"email": "bob@example.com"})
        change = {"current_email": "ada@example.com", "new_email": "countess@example.com"}
        self._ask("POST", f"{_ACCOUNT}/email-change-request", self.ada, **change)
        self._deliver()
        self._platform("POST", self.fay, "/suspend", reason="unpaid")
        self._start("run-3", self.bob)
        late = self.app.clock.now() - timedelta(days=33)
        self._send(
            self.app.event(self.ada, meter="cpu_seconds", quantity=70_000_000, user_id=self.bob.user_id),
            self.app.event(self.ada, meter="template_storage_gb_hours", quantity=4, user_id=self.bob.user_id),
            self.app.event(self.eve, meter="cpu_seconds", quantity=1_000_000, time=late),
        )
        self._check()
        self._ask("POST", "/v1/billing/invoice/generate", self.ada)
        self.cast.void(self._unpaid(self.ada)[-1], "not agreed")
        self._answer_once()
        self._ask("PUT", "/v1/budgets", self.ada, budget_amount=5_000)
        self._ask("PUT", "/v1/budgets", self.ada, budget_amount=400)
        self._check()
        self._send(self.app.event(self.ada), self.app.event(self.eve))
        self._hold_a_mail()

    def _bounce(self) -> None:
        """The address that a budget's mail bounces from is suppressed; another one was, and is not any more."""
        from mail_feedback.app import handler

        mail = next(mail for mail in self.channels.mails if mail.to == BOUNCING)
        for address, tags in ((BOUNCING, {"item": [mail.item]}), ("full@example.com", {})):
            recipient = {"emailAddress": address, "action": "failed"}
            bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [recipient]}
            message = {"eventType": "Bounce", "mail": {"tags": tags, "destination": [address]}, "bounce": bounce}
            handler({"Records": [{"Sns": {"Message": json.dumps(message)}}]}, LambdaContext())
        self.cast.lift("full@example.com")

    def _answer_once(self) -> None:
        """A request with an idempotency key, which releases before format 2 ignore."""
        headers, body = {"idempotency-key": "test-value"}, {"name": "once"}
        answer = call("POST", "/v1/user-management/api-keys", key=self.ada.api_key, body=body, headers=headers)
        assert answer.status == 201

    def _hold_a_mail(self) -> None:
        """A mail to two addresses, of which one has got it when the function stops."""
        waiting = [item for item in self.app.stored("core", "OUTBOX") if item["state"] == "waiting"]
        mail = next(item for item in waiting if len(item["body"].get("to", ())) > 1)
        tables, key = self.app.ctx.tables, keys.outbox(mail["id"])
        tables.write(claim(read_outbox_item(mail), now=self.app.clock.now()))
        held = read_outbox_item(tables.get(key) or {})
        tables.write(note_sent(held, held.body["to"][0]))
