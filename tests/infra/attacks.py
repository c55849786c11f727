"""What a web page can send to the local bundle without asking: requests, and whether they did something."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.support.local_stack import LocalStack

FUNCTION = "intruder"
_SIGNED_BY_NOBODY = "SignedHeaders=host, Signature=00"


@dataclass(frozen=True, slots=True)
class Attack:
    """A "simple" request, which a browser sends to any address without a preflight."""

    method: str
    url: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def attacks(stack: LocalStack, marker: Path) -> list[Attack]:
    """Requests to the emulator's port and to the known one; the function that they make writes `marker`."""
    api, cloud = stack.variables["TALLYBOOK_URL"], stack.variables["AWS_ENDPOINT_URL"]
    return [
        *(attack for base in (cloud, api) for attack in _of_emulator(base, marker)),
        *_with_trusted_keys(cloud),
        Attack("GET", f"{api}/_local/mail.json"),
        Attack("POST", f"{api}/auth/register", json.dumps({"email": "x@example.com", "password": "p" * 20})),
        # last, because they delete what the others read
        Attack("POST", f"{api}/_ministack/reset"),
        Attack("POST", f"{cloud}/_ministack/reset"),
    ]


def _of_emulator(base: str, marker: Path) -> list[Attack]:
    return [
        Attack("POST", f"{base}/2015-03-31/functions", json.dumps(_function(marker))),
        Attack("POST", f"{base}/2015-03-31/functions/{FUNCTION}/invocations", "{}"),
        Attack("GET", f"{base}/2015-03-31/functions/"),
        Attack("GET", f"{base}/_ministack/ses/messages"),
        Attack("GET", f"{base}/_ministack/sqs/messages"),
        Attack("GET", f"{base}/_ministack/health"),
        Attack("GET", f"{base}/_localstack/health"),
        Attack("GET", f"{base}/health"),
        Attack("POST", f"{base}/_ministack/config", json.dumps({"lambda_svc.LAMBDA_EXECUTOR": "docker"})),
        Attack("GET", f"{base}/_ministack/lambda-code/{FUNCTION}"),
        Attack("POST", f"{base}/", urlencode({"Action": "ListTopics", "Version": "2010-03-31"})),
    ]


def _with_trusted_keys(cloud: str) -> list[Attack]:
    """Keys that the emulator itself trusts without a signature, in the address, where a page can put them."""
    queries = [
        urlencode({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{key}/20260101/eu-west-1/lambda/x"})
        for key in ("test", "000000000000")
    ]
    return [Attack("GET", f"{cloud}/2015-03-31/functions/?{query}") for query in queries]


def forged_authorizations() -> list[dict[str, str]]:
    """Headers that no page can set, but each program on this computer."""
    return [
        {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/lambda/x, {_SIGNED_BY_NOBODY}"}
        for key in ("test", "000000000000", "")
    ]


def _function(marker: Path) -> dict[str, object]:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        text = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\ndef handler(event, context): pass\n"
        archive.writestr("app.py", text)
    return {
        "FunctionName": FUNCTION,
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": "arn:aws:iam::000000000000:role/x",
        "Code": {"ZipFile": base64.b64encode(code.getvalue()).decode()},
    }
