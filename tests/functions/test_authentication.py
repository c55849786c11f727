"""Whoever comes without a credential that holds is refused on every route, and never learns why."""

from collections.abc import Iterator

import pytest

from tallybook.domain.credentials import format_platform_key
from tests.functions.bad_credentials import APP, UNKNOWN, Strangers, altered, bare_requests
from tests.functions.refusal import code_of
from tests.functions.route_catalog import GOOD, PLATFORM_ROUTES, PUBLIC_ROUTES, USER_ROUTES, name_of
from tests.functions.stage import Stage
from tests.support.app import App
from tests.support.call import Answer
from tests.support.routes import Route, routes

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


@pytest.fixture(scope="module")
def _known() -> list[Strangers]:
    return []


@pytest.fixture
def strangers(stage: Stage, app: App, _known: list[Strangers]) -> Strangers:
    if not _known:
        _known.append(Strangers.of(stage))
    return _known[0].again(app)


def test_every_route_has_a_good_request_in_the_table() -> None:
    assert set(GOOD) == set(routes())


@pytest.mark.parametrize("route", GOOD, ids=name_of)
def test_the_good_request_is_answered(stage: Stage, route: Route) -> None:
    answer = stage.request(route, key=stage.credential(route))
    assert answer.status == GOOD[route].status, answer.text


def test_in_the_order_of_the_table_each_is_answered_after_those_above_it(stage: Stage) -> None:
    for route, good in GOOD.items():
        assert stage.request(route, key=stage.credential(route)).status == good.status, route


@pytest.mark.parametrize("route", PUBLIC_ROUTES, ids=name_of)
def test_what_is_public_asks_for_nothing_and_minds_no_credential(stage: Stage, route: Route) -> None:
    assert stage.request(route, key="sk-nonsense", cookie="quota_session=nonsense").status == GOOD[route].status


def one_answer(answers: Iterator[tuple[str, Answer]]) -> None:
    """All of them refuse as one: the same status, code and bytes."""
    texts: dict[str, list[str]] = {}
    for name, answer in answers:
        assert (answer.status, code_of(answer)) == (401, "unauthorized"), name
        texts.setdefault(answer.text, []).append(name)
    assert len(texts) == 1, texts


@each_user_route
def test_whatever_does_not_hold_gets_one_and_the_same_answer(strangers: Strangers, route: Route) -> None:
    stage, former = strangers.stage, strangers.former
    before = stage.stored()

    def answers() -> Iterator[tuple[str, Answer]]:
        for name, how in bare_requests(stage.member.api_key).items():
            yield name, stage.request(route, **how)
        for name, text in (former | strangers.false).items():
            yield name, stage.request(route, key=text)
        for name, text in former.items():
            if "key" in name:
                continue
            yield f"{name}, bearer", stage.request(route, bearer=text)
            yield f"{name}, cookie", stage.request(route, cookie=f"quota_session={text}", headers={"origin": APP})

    one_answer(answers())
    assert stage.stored() == before


@each_platform_route
def test_a_platform_route_takes_nothing_but_a_platform_key_that_holds(strangers: Strangers, route: Route) -> None:
    stage = strangers.stage
    keys = {name: text for name, text in strangers.false.items() if name != "platform key"} | {
        "user's key": stage.member.api_key,
        "user's session": stage.member.session,
        "colleague's key": stage.colleague.api_key,
        "unknown platform key": format_platform_key(key_id=UNKNOWN, secret=b"s" * 32),
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
