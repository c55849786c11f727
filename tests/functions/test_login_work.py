"""Sign-in, reset and links take the same work for every address, counted and not timed, so they reveal nobody."""

import re
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from tallybook.domain.email_change import Side
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.identity.authenticate import authenticate
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.email_changes import read_change
from tests.support.app import PASSWORD, App
from tests.support.call import Answer, call

type Work = tuple[list[str], float, float, list[int]]


@pytest.fixture
def work_of(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, Work]]:
    """Makes a request; returns its answer, its table calls with their units, and the rounds of each password hash."""
    hashed: list[int] = []
    check, make = bcrypt.checkpw, bcrypt.hashpw

    def check_counted(password: bytes, stored: bytes) -> bool:
        cost = re.fullmatch(rb"\$2b\$(\d\d)\$.{53}", stored)
        assert cost is not None
        hashed.append(int(cost[1]))
        return check(password, stored)

    def make_counted(password: bytes, salt: bytes) -> bytes:
        hashed.append(int(salt[4:6]))
        return make(password, salt)

    monkeypatch.setattr(bcrypt, "checkpw", check_counted)
    monkeypatch.setattr(bcrypt, "hashpw", make_counted)

    def send(path: str, **body: Any) -> tuple[Answer, Work]:
        meter = app.meter
        meter.clear()
        hashed.clear()
        answer = call("POST", path, body=body)
        return answer, (list(meter.operations), meter.read_units, meter.write_units, list(hashed))

    return send


@pytest.fixture
def populated_app(app: App) -> App:
    """A user of every status, each with an address."""
    ada = app.member("ada@example.com")
    app.change_user(app.member("gone@example.com"), status="deleted")
    app.change_account(app.member("closed@example.com"), status="deleted")
    app.change_account(app.member("unpaid@example.com"), status="suspended")
    app.change_user(app.member("waiting@example.com"), status="suspended")
    app.change_user(app.member("left@example.com"), status="disabled")
    app.invite(ada, "soon@example.com")
    return app


def check_equal_work(tried: list[tuple[Answer, Work]], status: int) -> Work:
    """The work that all of them took; their answers are equal, headers included."""
    assert {answer.status for answer, _ in tried} == {status}
    assert len({answer.text for answer, _ in tried}) == 1
    assert len({repr(answer.headers) for answer, _ in tried}) == 1
    first = tried[0][1]
    assert [work for _, work in tried] == [first] * len(tried)
    return first


def test_every_failed_login_has_the_same_cost_and_answer(populated_app: App, work_of: Any) -> None:
    work_of("/auth/login", email="ada@example.com", password=PASSWORD)
    tried = [
        ("ada@example.com", "wrong horse battery"),
        ("ADA@example.com ", ""),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("x" * 5000, PASSWORD),
        ("gone@example.com", "wrong horse battery"),
        ("gone@example.com", PASSWORD),
        ("closed@example.com", PASSWORD),
        ("waiting@example.com", "wrong horse battery"),
        ("left@example.com", "wrong horse battery"),
        ("soon@example.com", PASSWORD),
        ("soon@example.com", ""),
        ("ada@example.com", "x" * 60_000),
    ]
    answers = [work_of("/auth/login", email=email, password=password) for email, password in tried]
    assert check_equal_work(answers, 401)[3] == [populated_app.ctx.password_rounds]


def test_a_login_that_succeeds_reads_and_hashes_no_more_and_writes_once(populated_app: App, work_of: Any) -> None:
    _, (refused, read, _, hashed) = work_of("/auth/login", email="ada@example.com", password="wrong horse battery")
    answer, (operations, read_too, _, hashed_too) = work_of("/auth/login", email="ada@example.com", password=PASSWORD)
    assert answer.status == 200
    assert operations == [*refused, "transact"]
    assert (read_too, hashed_too) == (read, hashed)


def test_an_unknown_address_costs_the_configured_rounds_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallybook import runtime

    app.reshape(password_rounds=12)
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    costs: list[bytes] = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda _, stored: costs.append(stored[4:6]))
    call("POST", "/auth/login", body={"email": "nobody@example.com", "password": PASSWORD})
    assert costs == [b"12"]


def test_a_reset_has_the_same_cost_and_answer_for_every_address(populated_app: App, work_of: Any) -> None:
    names = ("ada", "nobody", "gone", "closed", "unpaid", "waiting", "left", "soon")
    tried = [work_of("/auth/password/reset", email=f"{name}@example.com") for name in names]
    operations, read, _, hashed = check_equal_work(tried, 202)
    assert (operations, read, hashed) == (["transact", "put"], 0, [])


def test_only_users_who_may_sign_in_get_a_reset_mail(populated_app: App, work_of: Any, fake_aws: Any) -> None:
    fake_aws.sweep()
    fake_aws.mails.clear()
    for name in ("ada", "nobody", "gone", "closed", "unpaid", "waiting", "left", "soon"):
        work_of("/auth/password/reset", email=f"{name}@example.com")
    fake_aws.sweep()
    assert sorted(mail.to for mail in fake_aws.mails) == [
        "ada@example.com",
        "soon@example.com",
        "unpaid@example.com",
    ]


@pytest.mark.parametrize("path", ["/auth/password/confirm", "/auth/password/link"])
def test_every_bad_token_gets_one_answer_and_hashes_nothing(populated_app: App, work_of: Any, path: str) -> None:
    ada, other = populated_app.member("lin@example.com"), populated_app.member("max@example.com")
    replaced, right = (populated_app.password_token(ada.user, "reset") for _ in range(2))
    used = populated_app.password_token(other.user, "reset")
    call("POST", "/auth/password/confirm", body={"token": used, "password": PASSWORD})
    known = [replaced, used, right[:-6] + "AAAAAA"]
    odd = [right[:-1], right + "A", "pwt_", "", "nonsense", right.replace("pwt_", "sess_"), ada.session, "pwt_🔑"]
    tries = {text: work_of(path, token=text, password=PASSWORD) for text in known + odd}
    assert check_equal_work([tries[text] for text in odd], 400)[0] == ["transact"]
    assert check_equal_work([tries[replaced], tries[known[2]]], 400)[0] == ["transact", "get_many"]
    populated_app.clock.advance(hours=1)
    late = work_of(path, token=right, password=PASSWORD)
    answers = {answer.text for answer, _ in (*tries.values(), late)}
    assert len(answers) == 1
    assert "invalid_token" in answers.pop()
    assert [work[3] for _, work in (*tries.values(), late)] == [[]] * (len(tries) + 1)


def test_every_invalid_confirmation_link_has_one_answer_and_one_cost(populated_app: App, work_of: Any) -> None:
    def request_tokens(email: str) -> dict[Side, str]:
        principal = authenticate(populated_app.ctx, populated_app.member(email).session)
        return populated_app.email_tokens(
            request_email_change(populated_app.ctx, principal, current=email, new=f"new-{email}")
        )

    expired = request_tokens("early@example.com")
    confirm = "/v1/user-management/account/confirm-email-change"
    assert call("POST", confirm, body={"token": expired["new"]}).status == 200, "half confirmed"
    populated_app.clock.advance(days=1)
    cleared, whole, closed = (
        request_tokens("lin@example.com"),
        request_tokens("max@example.com"),
        request_tokens("eve@example.com"),
    )
    account_ids = {item["email"]: item["id"] for item in populated_app.stored("core", "ACCOUNT") if "email" in item}
    lin = next(
        item for item in populated_app.stored("core", "EMAILCHANGE") if item["current_email"] == "lin@example.com"
    )
    replaced = populated_app.email_tokens(read_change(lin))
    populated_app.ctx.tables.write(Update(keys.email_change(account_ids["lin@example.com"]), set={"state": "cleared"}))
    populated_app.ctx.tables.write(Update(keys.account(account_ids["eve@example.com"]), set={"status": "deleted"}))
    texts = [
        *(expired["current"], expired["new"], cleared["current"], replaced["new"], closed["new"]),
        *("00000000-0000-4000-8000-000000000000", whole["new"].upper(), whole["new"][:-1], "", "nonsense", "🔑"),
        "x" * 60_000,
    ]
    work_of(confirm, token="the first of its minute")
    tried = [work_of(confirm, token=text) for text in texts]
    operations, read, _, _ = check_equal_work(tried, 400)
    assert (operations, read) == (["transact", "get", "get_many"], 5)
    assert "invalid_token" in tried[0][0].text
    answer, (operations_of_success, read_units, _, _) = work_of(confirm, token=whole["new"])
    assert (answer.status, operations_of_success, read_units) == (200, [*operations, "transact"], read)
