"""Calls with the idempotency key `retry-1`, as the routes make them."""

from collections.abc import Callable
from typing import Any

from tallybook.domain.credentials import PlatformCaller, Principal
from tallybook.domain.idempotency import AnsweredBefore, KeptAnswer, KeyedRequest, keyed_request
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.identity.api_keys import CreatedKey, create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.kept_answers import answered_meanwhile
from tallybook.services.metering.sessions import start_session
from tallybook.services.subscriptions.subscription import change_subscription
from tests.support.app import HERE, App, Member
from tests.support.sessions import session_request


def create_key(app: App, member: Member) -> KeptAnswer:
    def present(created: CreatedKey) -> KeptAnswer:
        return KeptAnswer(201, created.text)

    return _as_user(app, member, lambda caller: present(create_api_key(app.ctx, caller, name="ci", present=present)))


def invite(app: App, member: Member) -> KeptAnswer:
    def present(user: Any) -> KeptAnswer:
        return KeptAnswer(201, user.id)

    invitation = Invitation("joan@example.com")
    return _as_user(app, member, lambda caller: present(invite_user(app.ctx, caller, invitation, present=present)))


def to_hobby(app: App, member: Member) -> KeptAnswer:
    def present(changed: Any) -> KeptAnswer:
        return KeptAnswer(200, changed[1].id)

    return _as_user(app, member, lambda caller: present(change_subscription(app.ctx, caller, "hobby", present=present)))


def start(app: App, member: Member, platform_key: str) -> KeptAnswer:
    def present(session: Any) -> KeptAnswer:
        return KeptAnswer(201, session.id)

    def act(keyed: KeyedRequest) -> KeptAnswer:
        caller = PlatformCaller(platform_key, HERE, keyed)
        return present(start_session(app.ctx, caller, session_request(member), present=present))

    return _answer(app, platform_key, act)


def _as_user(app: App, member: Member, act: Callable[[Principal], KeptAnswer]) -> KeptAnswer:
    text = member.session
    return _answer(app, text, lambda keyed: act(authenticate(app.ctx, text, address=HERE, keyed=keyed)))


def _answer(app: App, credential: str, act: Callable[[KeyedRequest], KeptAnswer]) -> KeptAnswer:
    keyed = keyed_request("retry-1", credential=credential, method="POST", path="/", body=b"{}")
    try:
        with answered_meanwhile(app.ctx, keyed):
            return act(keyed)
    except AnsweredBefore as before:
        return before.answer
