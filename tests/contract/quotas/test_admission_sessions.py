"""Sessions and admission apart from limits: repeated starts, ends, suspended and unknown users, wrong requests.

Source: decisions, "What the documents presume".
"""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.contract.quotas import (
    ADMISSION,
    SESSIONS,
    create_allocation,
    refusal,
    start,
    start_refusal_reasons,
)
from tests.support.app import App, Member
from tests.support.call import Answer, call


def test_a_suspension_is_the_first_reason_and_the_refusals_code(app: App, key: str, root: Member, ada: Member) -> None:
    create_allocation(root, ada, concurrent_sandboxes=0)
    quota = ("user_concurrent_sandboxes", 0, 0)
    for status in ("suspended", "disabled"):
        app.change_user(ada, status=status)
        assert start_refusal_reasons(app, key, ada) == [(f"user_{status}", None, None), quota]
        assert refusal(start(key, ada)) == (403, f"user_{status}")
    app.change_account(root, status="suspended")
    assert start_refusal_reasons(app, key, ada) == [
        ("account_suspended", None, None),
        ("user_disabled", None, None),
        quota,
    ]
    assert refusal(start(key, ada)) == (403, "account_suspended")


def test_a_repeated_start_answers_the_same_when_no_other_may_start(
    app: App, key: str, root: Member, ada: Member
) -> None:
    create_allocation(root, ada, concurrent_sandboxes=1)
    first = expect(start(key, ada, session_id="one"), 201, "platform_session")["data"]
    before = app.stored("core")
    assert expect(start(key, ada, session_id="one"), 201, "platform_session")["data"] == first
    assert app.stored("core") == before
    assert refusal(start(key, ada, session_id="two")) == (403, "admission_refused")


def test_a_session_ended_after_its_timeout_ended_at_the_timeout(app: App, key: str, ada: Member) -> None:
    start(key, ada, session_id="one", timeout_seconds=60)
    app.clock.advance(minutes=5)
    ended = [call("POST", f"{SESSIONS}/one/end", key=key) for _ in range(2)]
    for answer in ended:
        assert expect(answer, 200, "platform_session_ended")["data"]["ended_at"] == "2026-04-20T12:35:56Z"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"account_id": "acc-unknown"}, 404),
        ({"user_id": "usr-unknown"}, 404),
        ({"account_id": "usr-1"}, 400),
        ({"user_id": None}, 400),
        ({"session_id": "a b"}, 400),
        ({"cpu_cores": 0}, 400),
        ({"memory_gb": "1"}, 400),
        ({"storage_gb": True}, 400),
        ({"timeout_seconds": 1.5}, 400),
    ],
)
def test_a_wrong_admission_request_names_its_field(key: str, ada: Member, changes: dict[str, Any], status: int) -> None:
    def describe(answer: Answer) -> tuple[int, str, str]:
        return *refusal(answer), answer.json["message"]

    found = describe(start(key, ada, path=ADMISSION, **changes))
    assert found == describe(start(key, ada, **changes))
    assert found[0] == status
    assert next(iter(changes)).removesuffix("_id") in found[2]


def test_users_of_other_accounts_and_deleted_users_are_404(app: App, key: str, ada: Member) -> None:
    other_member = app.member()
    assert refusal(start(key, ada, path=ADMISSION, user_id=other_member.user_id)) == (404, "not_found")
    app.change_user(ada, status="deleted")
    assert refusal(start(key, ada, path=ADMISSION)) == (404, "not_found")
