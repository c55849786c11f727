"""The emulated cloud answers only its own credentials and those of its functions, which have their roles' rights."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError

from infra.local.cloud import REGION, Cloud, Credentials, ministack
from tests.infra.roles import client_of_function, credentials_of_function, role_arn


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with ministack() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def of_function(cloud: Cloud) -> dict[str, str]:
    """The credentials of a function whose role may list queues, send messages, and send mails of one sender."""
    queues = {"Effect": "Allow", "Action": ["sqs:ListQueues", "sqs:SendMessage"], "Resource": "*"}
    identity = f"arn:aws:ses:{REGION}:000000000000:identity/example.com"
    mails: dict[str, Any] = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": identity}
    mails["Condition"] = {"StringEquals": {"ses:FromAddress": "hello@example.com"}}
    return credentials_of_function(cloud, "shows", [queues, mails])


def test_each_cloud_has_credentials_of_its_own(cloud: Cloud) -> None:
    one, other = Credentials.random(), Credentials.random()
    assert len({one.key_id, other.key_id}) == len({one.secret, other.secret}) == 2
    with pytest.raises(ClientError):
        replace(cloud, credentials=other).client("sqs").list_queues()


def test_the_secret_of_older_bundles_is_not_used_again() -> None:
    assert Credentials.read({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}) is None
    assert Credentials.read({}) is None
    one = Credentials.random()
    assert Credentials.read(one.variables) == one


@pytest.mark.parametrize("key_id", ["test", "000000000000", "AKIAUNKNOWN"])
def test_a_key_without_its_secret_is_refused(cloud: Cloud, key_id: str) -> None:
    for key in (key_id, cloud.credentials.key_id):
        with pytest.raises(ClientError) as refused:
            replace(cloud, credentials=Credentials(key, "test")).client("lambda").list_functions()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_signed_request_that_was_changed_is_refused(cloud: Cloud) -> None:
    request = _signed(cloud, "Action=ListQueues")
    assert _status(request) == 200
    request.data = b"Action=ListQueuez"
    assert _status(request) == 403


@pytest.mark.parametrize("header", [{"Origin": "null"}, {"Sec-Fetch-Site": "same-origin"}, {"Host": "evil.example"}])
def test_a_signed_request_of_a_page_is_refused(cloud: Cloud, header: dict[str, str]) -> None:
    request = _signed(cloud, "Action=ListQueues", host=header.get("Host"))
    for name, value in header.items():
        request.add_header(name, value)
    assert _status(request) == 403


def test_the_emulators_own_paths_need_the_token(cloud: Cloud) -> None:
    assert _status(Request(f"{cloud.endpoint}/_ministack/health")) == 403
    with cloud.open("/_ministack/health") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/_ministack/ses/messages", "/_ministack/lambda-code/shows", "/health", "/%5Fministack/health", "/_aws/x"]
)
def test_the_emulators_own_paths_are_closed_to_functions(cloud: Cloud, of_function: dict[str, str], path: str) -> None:
    """They show all mails and the code, and delete everything; no policy is about them."""
    signer = Signer(of_function["access_key_id"], of_function["secret_access_key"], of_function["session_token"])
    for method, own_path in (("GET", path), ("POST", "/_ministack/config"), ("POST", "/_ministack/reset")):
        signed = AWSRequest(method, f"{cloud.endpoint}{own_path}", {"Content-Type": "x"}, b"{}")
        SigV4Auth(signer, "sqs", REGION).add_auth(signed)
        assert _status(Request(signed.url, signed.data, dict(signed.headers), method=method)) == 403


def test_a_function_has_the_rights_of_its_role_only(cloud: Cloud, of_function: dict[str, str]) -> None:
    sqs = client_of_function("sqs", cloud, of_function)
    sqs.list_queues()
    with pytest.raises(ClientError) as denied:
        sqs.create_queue(QueueName="x")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"


def test_the_right_to_send_allows_batches_unless_the_queue_refuses(cloud: Cloud, of_function: dict[str, str]) -> None:
    """Over plain HTTP too, though the stack's queues refuse it: it counts as encrypted on this computer."""
    for number, (transport, failed) in enumerate((("false", []), ("true", ["AccessDenied"]))):
        statement = {"Effect": "Deny", "Action": "sqs:*", "Principal": {"AWS": "*"}, "Resource": "*"}
        statement["Condition"] = {"Bool": {"aws:SecureTransport": transport}}
        attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        queue = cloud.client("sqs").create_queue(QueueName=f"batch{number}", Attributes=attributes)["QueueUrl"]
        assert _send_batch(client_of_function("sqs", cloud, of_function), queue) == failed


def test_the_right_to_send_mails_is_for_one_sender(cloud: Cloud, of_function: dict[str, str]) -> None:
    cloud.client("sesv2").create_email_identity(EmailIdentity="example.com")
    mails = client_of_function("sesv2", cloud, of_function)
    text = {"Data": "x"}
    mail = {"Destination": {"ToAddresses": ["a@example.org"]}, "Content": {"Simple": {"Subject": text, "Body": {}}}}
    mails.send_email(FromEmailAddress="Tallybook <hello@example.com>", **mail)
    for other in ({"FromEmailAddress": "x@example.com"}, {"ConfigurationSetName": "x"}):
        with pytest.raises(ClientError) as denied:
            mails.send_email(**{"FromEmailAddress": "hello@example.com", **mail, **other})
        assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_credentials_of_a_function_can_not_be_computed(cloud: Cloud, of_function: dict[str, str]) -> None:
    arn = cloud.client("lambda").get_function(FunctionName="shows")["Configuration"]["FunctionArn"]
    digest = hashlib.sha256(f"{arn}:{role_arn('shows')}".encode()).hexdigest()  # as the emulator by itself makes them
    key_id, secret = f"ASIA{digest[:16].upper()}", hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    token = hashlib.sha256(f"token:{digest}".encode()).hexdigest()
    assert key_id != of_function["access_key_id"]
    computed = {"access_key_id": key_id, "secret_access_key": secret, "session_token": token}
    with pytest.raises(ClientError):
        client_of_function("sqs", cloud, computed).list_queues()


def _send_batch(sqs: Any, queue: str) -> list[str]:
    """The codes of the errors."""
    try:
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "x"}])
    except ClientError as error:
        return [error.response["Error"]["Code"]]
    return []


def _signed(cloud: Cloud, body: str, *, host: str | None = None) -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Host": host} if host else {})
    signed = AWSRequest("POST", f"{cloud.endpoint}/", headers, body)
    SigV4Auth(Signer(cloud.credentials.key_id, cloud.credentials.secret), "sqs", REGION).add_auth(signed)
    return Request(signed.url, body.encode(), dict(signed.headers))


def _status(request: Request) -> int:
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code
