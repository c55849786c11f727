"""A key that was made with a key ends with it, and its user gets a mail about every new key."""

from typing import Any

import pytest

from tallybook.domain.credentials import Credential
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.credentials import read_credential
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.fake_aws import FakeAws, SentMail
from tests.support.invariants import check_invariants

PATH = "/v1/user-management/api-keys"
SUBJECT = "A new API key of your Tallybook user"


@pytest.fixture
def member(app: App) -> Member:
    return app.member("ada@example.com")


def create(credential: str, **body: Any) -> dict[str, Any]:
    how = {"key" if credential.startswith("sk-") else "bearer": credential}
    answer = call("POST", PATH, body={"name": "ci", **body}, **how)
    assert answer.status == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def works(text: str) -> bool:
    return call("GET", "/auth/me", key=text).status == 200


def id_of(app: App, name: str) -> str:
    [item] = [item for item in app.stored("core") if item["sk"].startswith("APIKEY#") and item["name"] == name]
    return f"key-{item['id']}"


def revoke(member: Member, key_id: str) -> None:
    assert call("DELETE", f"{PATH}/{key_id}", bearer=member.session).status == 200


def new_key_mails(app: App) -> list[SentMail]:
    app.deliver()
    return [mail for mail in app.fake_aws.mails if mail.subject == SUBJECT]


def test_revoking_a_key_ends_the_keys_made_with_it(app: App, member: Member) -> None:
    child = create(member.api_key, name="child")
    grandchild = create(child["api_key"], name="grandchild")
    other = create(member.session, name="other")
    revoke(member, id_of(app, "test"))
    assert [works(each["api_key"]) for each in (child, grandchild, other)] == [False, False, True]
    check_invariants(app)


def test_revoking_a_key_leaves_the_key_that_made_it(app: App, member: Member) -> None:
    child = create(member.api_key)
    grandchild, sibling = create(child["api_key"]), create(member.api_key)
    revoke(member, child["api_key_id"])
    texts = (member.api_key, sibling["api_key"], child["api_key"], grandchild["api_key"])
    assert [works(text) for text in texts] == [True, True, False, False]


def test_the_end_of_keys_made_with_a_key_is_recorded_and_announced(app: App, member: Member) -> None:
    child = create(member.api_key, name="child")
    parent_id = id_of(app, "test")
    revoke(member, parent_id)
    entry = call("GET", "/v1/user-management/audit-log?limit=1", bearer=member.session).json["data"]["entries"][0]
    assert (entry["action"], entry["target_id"]) == ("api_key.revoked", parent_id)
    assert entry["before"]["made_with_it"] == [child["api_key_id"]]
    revoked = [data["api_key_id"] for name, data in app.deliver().events if name == "ApiKeyRevoked"]
    assert revoked == [parent_id, child["api_key_id"]]


def test_a_key_made_with_a_key_expires_with_it(app: App, member: Member) -> None:
    parent = create(member.session, expires_at="2026-04-20T13:00:00Z")["api_key"]
    assert create(parent)["expires_at"] == "2026-04-20T13:00:00Z"
    assert create(parent, expires_at="2026-04-20T14:00:00Z")["expires_at"] == "2026-04-20T13:00:00Z"
    assert create(parent, expires_at="2026-04-20T12:50:00Z")["expires_at"] == "2026-04-20T12:50:00Z"


def test_a_key_with_all_its_descendants_is_revoked_at_once(app: App, member: Member) -> None:
    texts = [member.api_key]
    while len(texts) < 50:
        texts.append(create(texts[-1], name=f"key {len(texts)}")["api_key"])
    revoke(member, id_of(app, "test"))
    assert not any(map(works, texts))
    check_invariants(app)


def test_a_key_stored_without_its_origin_ends_alone(app: App, member: Member) -> None:
    child = create(member.api_key, name="child")
    stored_key = keys.api_key(member.account.id, child["api_key_id"].removeprefix("key-"))
    app.ctx.tables.write(Update(stored_key, remove=("parent_id",)))
    item = app.ctx.tables.get(stored_key)
    assert item is not None
    key: Credential = read_credential(item)
    assert key.parent_id is None
    revoke(member, id_of(app, "test"))
    assert works(child["api_key"])


def test_a_new_key_is_mailed_to_its_user(app: App, member: Member) -> None:
    app.deliver()
    before = len(new_key_mails(app))
    created = create(member.session, name="laptop", expires_at="2026-05-01T00:00:00Z")
    [mail] = new_key_mails(app)[before:]
    assert mail.to == "ada@example.com"
    for text in ("laptop", "20 April 2026, 12:34 UTC", "1 May 2026, 00:00 UTC", "203.0.113.7"):
        assert text in mail.text
    assert created["api_key"] not in mail.text + mail.html
    assert "/auth/password/forgotten" in mail.text


def test_the_mail_names_the_key_that_made_the_new_one(app: App, member: Member) -> None:
    created = create(member.api_key, name="second")
    app.clock.advance(seconds=1)
    create(created["api_key"], name="third")
    texts = [mail.text for mail in new_key_mails(app)]
    assert ['your API key "test"' in text for text in texts] == [True, False]
    assert ['your API key "second"' in text for text in texts] == [False, True]


def test_a_key_made_by_the_operator_is_mailed_too(app: App, member: Member, fake_aws: FakeAws) -> None:
    from tallybook.services.accounts.operator import create_key

    app.clock.advance(seconds=1)
    create_key(app.ctx, member.account.id, member.user.id, name="for them")
    mail = new_key_mails(app)[-1]
    assert "for them" in mail.text
    assert "operator" in mail.text
