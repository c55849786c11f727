"""Before the operator has applied a catalog, what needs one is 503; the log has the command that applies it."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook import runtime
from tests.functions.refusal import check_refusal, code_of
from tests.support.app import PASSWORD
from tests.support.call import call

APPLY = "tallybook catalog apply infra/catalog.toml"


@pytest.fixture
def fresh(empty_app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(runtime, "context", lambda: empty_app.ctx)
    return empty_app


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/register", {"email": "ada@example.com", "password": PASSWORD}),
        ("GET", "/v1/user-management/plans", None),
    ],
    ids=["Quota", "ScaleBox"],
)
def test_without_a_catalog_the_answer_is_503_in_the_dialect_of_the_path(
    fresh: Any, logged: Callable[[], str], method: str, path: str, body: Any
) -> None:
    answer = call(method, path, body=body)
    message = check_refusal(answer, path, 503)
    assert code_of(answer) == "no_catalog"
    assert message == "No catalog has been applied yet"
    assert APPLY in logged()
    assert not [item for item in fresh.stored("core") if not item["pk"].startswith("ATTEMPT")]


def test_with_one_applied_it_works_at_once(fresh: Any) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    assert call("POST", "/auth/register", body=body).status == 503
    fresh.apply_catalog()
    assert call("POST", "/auth/register", body=body).status == 201
