"""Who may call what, on every route there is; and that no stranger learns why they may not."""

import base64
from collections.abc import Callable, Iterator

import pytest

from tallybook.domain.credentials import write_platform_text, write_text
from tests.contract.examples import example
from tests.functions.stage import GOOD, PLATFORM_ROUTES, PUBLIC, USER_ROUTES, Stage, name_of
from tests.support.call import Answer, call
from tests.support.house import House, Member
from tests.support.routes import Route, routes

APP = "https://app.example.com"
UNKNOWN = "019d0000-0000-7000-8000-000000000000"

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


def code_of(answer: Answer) -> str:
    """The error's code, once the body has its dialect's shape."""
    quota = "docs_url" in answer.text
    differences = example("error_quota" if quota else "error_scalebox").differences(answer.json)
    assert not differences, differences
    body = answer.json
    return str(body["error"]["code"] if quota else body["code"])


def altered(text: str) -> str:
    """The same length and ids, another secret."""
    return text[:-6] + ("AAAAAA" if not text.endswith("AAAAAA") else "BBBBBB")


def test_every_route_has_a_good_request_in_the_table() -> None:
    assert set(GOOD) == set(routes())


@pytest.mark.parametrize("route", GOOD, ids=name_of)
def test_the_good_request_is_answered(stage: Stage, route: Route) -> None:
    answer = stage.request(route, key=stage.credential(route))
    assert answer.status == GOOD[route].status, answer.text


@pytest.mark.parametrize("route", [route for route, good in GOOD.items() if good.who == PUBLIC], ids=name_of)
def test_what_is_public_asks_for_nothing_and_minds_no_credential(stage: Stage, route: Route) -> None:
    assert stage.request(route, key="sk-nonsense", cookie="quota_session=nonsense").status == GOOD[route].status


def former_keys(house: House) -> dict[str, str]:
    """Credentials that held once: what became of each is its name."""
    paths = "/v1/user-management/api-keys"
    gone: dict[str, str] = {}

    def made(member: Member, **body: str) -> tuple[str, str]:
        data = call("POST", paths, key=member.api_key, body={"name": "ci", **body}).json["data"]
        return data["api_key"], data["api_key_id"]

    old = house.member()
    gone["expired session"] = old.session
    gone["expired key"], _ = made(old, expires_at="2026-04-20T13:00:00Z")
    house.clock.advance(hours=24)
    member = house.member()
    gone["revoked key"], key_id = made(member)
    assert call("DELETE", f"{paths}/{key_id}", key=member.api_key).status == 200
    gone["logged-out session"] = member.session
    assert call("POST", "/auth/logout", bearer=member.session).status == 200
    for name, change in (("user", house.change_user), ("account", house.change_account)):
        deleted = house.member()
        change(deleted, status="deleted")
        gone[f"key of a deleted {name}"] = deleted.api_key
        gone[f"session of a deleted {name}"] = deleted.session
    return gone


def false_keys(house: House) -> dict[str, str]:
    """What nobody ever handed out, some of it made of ids that are there."""
    one, other = house.member(), house.member()
    secret = b"s" * 32

    def forged(account_id: str, user_id: str, credential_id: str = UNKNOWN) -> str:
        return write_text("api_key", account_id=account_id, user_id=user_id, credential_id=credential_id, secret=secret)

    listed = call("GET", "/v1/user-management/api-keys", key=one.api_key).json["data"]["api_keys"][0]["api_key_id"]
    return {
        "unknown key": forged(UNKNOWN, UNKNOWN),
        "unknown key of a known user": forged(one.account.id, one.user.id),
        "known key with another secret": forged(one.account.id, one.user.id, listed.removeprefix("key-")),
        "known key of another user": forged(one.account.id, other.user.id, listed.removeprefix("key-")),
        "key with its end changed": altered(one.api_key),
        "session with its end changed": altered(one.session),
        "key called a session": one.api_key.replace("sk-", "sess_", 1),
        "session called a key": one.session.replace("sess_", "sk-", 1),
        "key with more after it": one.api_key + "A",
        "key with padding": one.api_key + "=",
        "key cut short": one.api_key[:-1],
        "key in capitals": one.api_key.upper(),
        "two keys": f"{one.api_key},{one.api_key}",
        "prefix alone": "sk-",
        "session prefix alone": "sess_",
        "nonsense": "nonsense",
        "not ASCII": "sk-" + "é" * 107,
        "emoji": "sess_🔑",
        "very long": "sk-" + "A" * 100_000,
        "key of the store": f"ACCOUNT#{one.account.id}",
        "bearer of another kind": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "platform key": house.platform_key(),
    }


def bare_requests(key: str) -> dict[str, dict[str, object]]:
    """Ways to come with nothing that counts as a credential."""
    return {
        "nothing": {},
        "empty key": {"headers": {"x-api-key": ""}},
        "blank key": {"headers": {"x-api-key": "   "}},
        "empty authorization": {"headers": {"authorization": ""}},
        "scheme alone": {"headers": {"authorization": "Bearer"}},
        "scheme and blanks": {"headers": {"authorization": "Bearer   "}},
        "text without a scheme": {"headers": {"authorization": key}},
        "scheme of another kind": {"headers": {"authorization": f"Token {key}"}},
        "basic": {"headers": {"authorization": "Basic " + base64.b64encode(f":{key}".encode()).decode()}},
        "query": {"headers": {"x-query": f"api_key={key}"}},
        "empty cookie": {"cookie": "quota_session=", "headers": {"origin": APP}},
        "cookie of another name": {"cookie": f"session={key}", "headers": {"origin": APP}},
        "broken cookie": {"cookie": ";;=;quota_session", "headers": {"origin": APP}},
    }


def one_answer(answers: Iterator[tuple[str, Answer]]) -> None:
    """All of them refuse as one: the same status, code and bytes."""
    texts: dict[str, list[str]] = {}
    for name, answer in answers:
        assert (answer.status, code_of(answer)) == (401, "unauthorized"), name
        texts.setdefault(answer.text, []).append(name)
    assert len(texts) == 1, texts


@each_user_route
def test_whatever_does_not_hold_gets_one_and_the_same_answer(stage: Stage, route: Route) -> None:
    former, false = former_keys(stage.house), false_keys(stage.house)
    before = stage.stored()

    def answers() -> Iterator[tuple[str, Answer]]:
        for name, how in bare_requests(stage.member.api_key).items():
            yield name, stage.request(route, **how)
        for name, text in (former | false).items():
            yield name, stage.request(route, key=text)
        for name, text in former.items():
            yield f"{name}, bearer", stage.request(route, bearer=text)
            yield f"{name}, cookie", stage.request(route, cookie=f"quota_session={text}", headers={"origin": APP})

    one_answer(answers())
    assert stage.stored() == before


@each_platform_route
def test_a_platform_route_takes_nothing_but_a_platform_key_that_holds(stage: Stage, route: Route) -> None:
    keys = {name: text for name, text in false_keys(stage.house).items() if name != "platform key"}
    keys |= {
        "user's key": stage.member.api_key,
        "user's session": stage.member.session,
        "unknown platform key": write_platform_text(key_id=UNKNOWN, secret=b"s" * 32),
        "platform key with its end changed": altered(stage.platform_key),
        "platform key called a key": stage.platform_key.replace("pk-", "sk-"),
        "platform prefix alone": "pk-",
    }
    before = stage.stored()

    def answers() -> Iterator[tuple[str, Answer]]:
        for name, how in bare_requests(stage.platform_key).items():
            yield name, stage.request(route, **how)
        yield "as a cookie", stage.request(route, cookie=f"quota_session={stage.platform_key}", headers={"origin": APP})
        for name, text in keys.items():
            yield name, stage.request(route, key=text)

    one_answer(answers())
    assert stage.stored() == before


@each_platform_route
def test_a_platform_key_without_the_scope_is_told_which_it_lacks(stage: Stage, route: Route) -> None:
    wanted = GOOD[route].who
    others = [scope for scope in ("usage:write", "sessions:write", "accounts:admin") if scope != wanted]
    key = stage.house.platform_key(*others)
    before = stage.stored()
    answer = stage.request(route, key=key)
    assert (answer.status, code_of(answer)) == (403, "missing_scope")
    assert wanted in answer.json["message"]
    assert stage.stored() == before
    assert stage.request(route, key=stage.house.platform_key(wanted)).status == GOOD[route].status


@each_user_route
@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_user_who_may_not_is_refused_on_every_route(stage: Stage, route: Route, status: str) -> None:
    stage.house.change_user(stage.member, status=status)
    before = stage.stored()
    for text in (stage.member.api_key, stage.member.session):
        answer = stage.request(route, bearer=text)
        assert (answer.status, code_of(answer)) == (403, f"user_{status}")
    assert stage.stored() == before
    answer = stage.request(route, key=altered(stage.member.api_key))
    assert answer.status == 401, "a stranger learns that the user is suspended"


@each_user_route
def test_a_suspended_account_still_reads_and_starts_nothing_new(stage: Stage, route: Route) -> None:
    stage.house.change_account(stage.member, status="suspended")
    answer = stage.request(route, key=stage.member.api_key)
    if name_of(route) == "POST /v1/user-management/api-keys":
        assert (answer.status, code_of(answer)) == (403, "account_suspended")
    else:
        assert answer.status == GOOD[route].status


def test_what_one_is_shown_is_ones_own(stage: Stage) -> None:
    other = stage.house.member()
    asked: list[Callable[[Member], Answer]] = [
        lambda member: call("GET", "/auth/me", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/users/me", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/account/subscription", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/api-keys", key=member.api_key),
    ]
    for ask in asked:
        mine, theirs = ask(stage.member), ask(other)
        assert other.account.id not in mine.text
        assert other.user.id not in mine.text
        assert stage.member.user.id not in theirs.text


def test_a_sandbox_session_cannot_be_started_for_another_accounts_user(stage: Stage) -> None:
    other = stage.house.member()
    before = stage.stored()
    route = Route("POST", "/v1/platform/sessions")
    body = {**GOOD[route].body(stage), "user_id": other.user_id}
    answer = stage.request(route, key=stage.platform_key, body=body)
    assert (answer.status, code_of(answer)) == (404, "not_found")
    assert stage.stored() == before
