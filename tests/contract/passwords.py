"""Password tests: the calls of `/auth`."""

from typing import Any

from tests.contract.examples import expect
from tests.support.app import PASSWORD
from tests.support.call import Answer, call

NEW = "another horse battery"

ADA = "ada@example.com"


def login(password: str = PASSWORD, email: str = ADA) -> Answer:
    return call("POST", "/auth/login", body={"email": email, "password": password})


def change(text: str, current: str = PASSWORD, password: str = NEW) -> Answer:
    return call("POST", "/auth/password", bearer=text, body={"current_password": current, "password": password})


def confirm(token: str, password: str = NEW, **body: Any) -> Answer:
    return call("POST", "/auth/password/confirm", body={"token": token, "password": password, **body})


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_quota")["error"]["code"]
