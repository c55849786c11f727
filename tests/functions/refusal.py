"""Checks of error answers: their shape, and that they disclose nothing internal."""

from tests.contract.examples import example
from tests.support.call import Answer

INTERNALS = (
    "Traceback",
    'File "',
    ".py",
    "site-packages",
    "/work",
    "/var/task",
    "/opt/",
    "boto",
    "pydantic",
    "fastapi",
    "starlette",
    "mangum",
    "DynamoDB",
    "TransactWrite",
    "ConditionalCheck",
    "Exception",
    "NoneType",
    "KeyError",
    "ValueError",
    "ACCOUNT#",
    "EMAIL#",
    "USAGE#",
    "PLATFORM#",
    "<class",
    "object at 0x",
)


HEADERS = {
    401: "www-authenticate",
    405: "allow",
    415: "accept-encoding",
    429: "retry-after",
    503: "retry-after",
}
"""The header that each of these statuses needs."""


def check_refusal(answer: Answer, path: str, status: int = 400) -> str:
    """The message of a refusal; it must have its dialect's shape and its header, and disclose nothing internal."""
    assert answer.status == status, answer.text
    assert answer.headers.get(HEADERS.get(status, "content-type")), answer.headers
    quota = path.startswith("/auth")
    differences = example("error_quota" if quota else _scalebox(answer)).differences(answer.json)
    assert not differences, differences
    assert not [word for word in INTERNALS if word.lower() in answer.text.lower()], answer.text
    assert len(answer.text) < 2000, "the refusal repeats what was sent"
    return str((answer.json["error"] if quota else answer.json)["message"])


def code_of(answer: Answer) -> str:
    """The error's code; the body must have its dialect's shape, and the answer the header of its status."""
    assert answer.headers.get(HEADERS.get(answer.status, "content-type")), answer.headers
    quota = "docs_url" in answer.text
    differences = example("error_quota" if quota else _scalebox(answer)).differences(answer.json)
    assert not differences, differences
    return str(answer.json["error"]["code"] if quota else answer.json["code"])


def _scalebox(answer: Answer) -> str:
    """The example's name; only a refused session start has reasons."""
    return "admission_refused" if '"reasons"' in answer.text else "error_scalebox"
