"""`tallybook smoke` finds what is broken, and leaves an account that is suspended, has no keys, and owes nothing."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tallybook.cli.smoke import api, command
from tallybook.cli.smoke.account import EMAIL
from tallybook.services.identity.platform_keys import list_platform_keys
from tallybook.services.key_lookup import all_keys
from tallybook.services.lookup import find_by_email, list_accounts
from tallybook.services.outbox.deliver import deliver
from tallybook.store import keys
from tallybook.store.commands import Delete
from tests.support.call import Answer

STEPS = ["registration", "functions", "usage", "bill", "mail", "clean-up", "Smoke"]


@pytest.fixture
def smoke(operator_app, served, tallybook, monkeypatch):
    """Run the smoke test; while it waits for its mail, the outbox delivers, unless `deliver` is replaced."""
    app = operator_app
    app.reshape(limits=app.ctx.limits._replace(stranger=app.ctx.limits.stranger._replace(most=3)))
    state = {"deliver": app.deliver, "time": 0.0}

    def pause(seconds):
        state["time"] += seconds
        state["deliver"]()

    monkeypatch.setattr(command.time, "sleep", pause)

    def run(*options, deliver=app.deliver):
        state["deliver"] = deliver
        return tallybook("smoke", *options)

    return run


def steps(run):
    return [line.split()[0] for line in run.out.splitlines()]


def account_of(app):
    return find_by_email(app.ctx, EMAIL)[0]


def check_nothing_is_left(app):
    account = account_of(app)
    assert (account.status, account.plan) == ("suspended", "hobby")
    assert all_keys(app.ctx, account.id) == []
    assert [key.name for key in list_platform_keys(app.ctx)] == ["test"]  # that of the fixture


def test_a_first_run_registers_an_account_and_says_what_it_saw(operator_app, smoke):
    run = smoke()
    assert (run.code, run.err) == (0, "")
    assert steps(run) == STEPS
    account = account_of(operator_app)
    assert f"created acc-{account.id}" in run.out
    assert "SES accepted welcome for success+tallybook-smoke@simulator.amazonses.com" in run.out
    check_nothing_is_left(operator_app)


def test_its_wallet_covers_its_bill_and_has_no_credit_besides(operator_app, smoke):
    smoke()
    account = account_of(operator_app)
    assert account.wallet.balance > 0
    assert account.billing.tax_rate == Decimal(0)
    operator_app.clock.advance(days=40)
    invoices = operator_app.invoice_due()
    own = [invoice for invoice in invoices if invoice.account_id == account.id and invoice.total]
    assert [invoice.status for invoice in own] == ["paid"]
    assert account_of(operator_app).wallet.balance == 0


def test_further_runs_use_the_same_account_and_their_mails_are_not_limited(operator_app, smoke):
    assert smoke().code == 0
    for _ in range(4):
        run = smoke()
        assert (run.code, steps(run)) == (0, STEPS)
        assert "exists; resumed" in run.out
        assert "SES accepted account_resumed" in run.out
    assert len(list_accounts(operator_app.ctx, limit=10)) == 1
    check_nothing_is_left(operator_app)


def test_an_interrupted_run_is_cleaned_up_by_the_next(operator_app, smoke, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("tallybook.cli.smoke.steps._clean_up", lambda _: None)
        assert smoke().code == 0
    assert account_of(operator_app).status == "active"
    assert smoke().code == 0
    check_nothing_is_left(operator_app)


def test_a_mail_that_is_not_accepted_is_a_failure_that_names_the_cause(operator_app, smoke):
    run = smoke(deliver=lambda: _fail_deliveries(operator_app))
    assert run.code == 1
    assert run.err.startswith("tallybook: smoke test: mail: SES did not accept it: ")
    check_nothing_is_left(operator_app)


def test_before_the_domain_is_verified_the_mail_may_wait(operator_app, smoke):
    run = smoke("--mail-may-wait", deliver=lambda: _fail_deliveries(operator_app))
    assert (run.code, run.err) == (0, "")
    assert "NOT SENT YET, which is no failure now: SES did not accept it: " in run.out
    check_nothing_is_left(operator_app)


def test_a_function_that_does_not_answer_is_named_and_the_clean_up_is_done(operator_app, smoke, served):
    real = served.answer

    def broken(method, path, body, headers):
        if path == "/v1/budgets/status":
            return Answer(500, {}, "{}")
        return real(method, path, body, headers)

    served.answer = broken
    run = smoke()
    assert run.code == 1
    assert run.err == "tallybook: smoke test: functions: GET /v1/budgets/status answered 500 instead of 200\n"
    check_nothing_is_left(operator_app)


def test_an_installation_that_only_fails_keeps_no_key_of_the_test(operator_app, smoke, served, monkeypatch):
    assert smoke().code == 0
    monkeypatch.setattr(api, "READY_SECONDS", 0.0)
    served.answer = lambda *_: Answer(500, {}, "{}")
    assert smoke().code == 1
    check_nothing_is_left(operator_app)


def test_a_bill_that_is_wrong_is_a_failure(operator_app, smoke, served):
    real = served.answer

    def doubled(method, path, body, headers):
        answer = real(method, path, body, headers)
        if path != "/v1/billing/current" or answer.status != 200:
            return answer
        shown = answer.json
        shown["data"]["current_cost"] *= 2
        return Answer(200, answer.headers, json.dumps(shown))

    served.answer = doubled
    run = smoke()
    assert run.code == 1
    assert "smoke test: usage: the bill rose by" in run.err
    check_nothing_is_left(operator_app)


def test_without_a_catalog_it_says_so(operator_app, smoke, monkeypatch):
    monkeypatch.setattr(api, "READY_SECONDS", 0.0)
    operator_app.ctx.tables.write(Delete(keys.catalog_current()))
    operator_app.forget_caches()
    run = smoke()
    assert run.code == 1
    assert run.err.endswith("tallybook: smoke test: registration: POST /auth/register answered 503 (no_catalog)\n")
    assert [key.name for key in list_platform_keys(operator_app.ctx)] == ["test"]


class Refusing:
    def send(self, *_args, **_tags):
        raise RuntimeError("MessageRejected: Email address is not verified")


def _fail_deliveries(app):
    for item in app.waiting():
        deliver(app.ctx, replace(app.fake_aws.channels(), mail=Refusing()), item)
