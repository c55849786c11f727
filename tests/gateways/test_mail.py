"""Mails sent by a real client, to a recording service on loopback and to moto's SES."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tallybook.gateways.mail import Mail, MailError, RejectedMail, TransientMailError
from tallybook.gateways.templates import RenderedMail, render
from tests.gateways.aws import Service, service

SENDER = "Tallybook <hello@example.com>"
TO = "ada.l+x@mail.example.org"
RENDERED = render(
    "account_resumed", {"account": "Łódź & Søns", "at": "today"}, brand="Tallybook", page_url="https://a.example"
)


@pytest.fixture
def ses() -> Iterator[Service]:
    with service({"MessageId": "m-1"}) as aws:
        yield aws


def mail(ses: Service, **settings: Any) -> Mail:
    return Mail(ses.client("sesv2"), sender=SENDER, **{"configuration_set": None, **settings})


def test_a_mail_has_one_recipient_and_subject_text_and_html_in_utf_8(ses: Service) -> None:
    sent = mail(ses, configuration_set="mails").send(TO, RENDERED, tags={"kind": "account_resumed"})
    assert sent == "m-1"
    assert ses.requests == [
        {
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": [TO]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": RENDERED.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": RENDERED.text, "Charset": "UTF-8"},
                        "Html": {"Data": RENDERED.html, "Charset": "UTF-8"},
                    },
                }
            },
            "EmailTags": [{"Name": "kind", "Value": "account_resumed"}],
            "ConfigurationSetName": "mails",
        }
    ]


def test_without_a_configuration_set_the_request_has_none(ses: Service) -> None:
    mail(ses).send(TO, RENDERED, tags={})
    assert "ConfigurationSetName" not in ses.requests[0]


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example.org,eve@evil.example",
        "ada@example.org;eve@evil.example",
        "Ada <ada@example.org>",
        "<ada@example.org>",
        "ada@example.org\r\nBcc: eve@evil.example",
        "ada@example.org\n",
        " ada@example.org",
        "a@b@example.org",
        '"ada"@example.org',
        "adá@example.org",
        "ada@example.org\x00",
    ],
)
def test_anything_but_one_plain_address_is_rejected_before_a_call(ses: Service, to: str) -> None:
    with pytest.raises(RejectedMail):
        mail(ses).send(to, RENDERED, tags={})
    assert ses.requests == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "TooManyRequestsException"),
        (400, "ThrottlingException"),
        (400, "LimitExceededException"),
        (400, "SendingPausedException"),
        (400, "ExpiredTokenException"),
        (403, "AccessDeniedException"),
        (500, "InternalFailure"),
        (503, "ServiceUnavailable"),
        (400, "MessageRejected"),
        (400, "MailFromDomainNotVerifiedException"),
        (400, "AccountSuspendedException"),
        (404, "NotFoundException"),
    ],
)
def test_an_error_that_may_pass_is_transient(ses: Service, status: int, code: str) -> None:
    ses.fail(status, code)
    with pytest.raises(TransientMailError, match=code):
        mail(ses).send(TO, RENDERED, tags={})
    assert len(ses.requests) == 1


def test_an_error_that_never_passes_rejects_the_mail(ses: Service) -> None:
    ses.fail(400, "BadRequestException")
    with pytest.raises(RejectedMail, match="BadRequestException"):
        mail(ses).send(TO, RENDERED, tags={})


def test_an_invalid_request_rejects_the_mail_before_a_call(ses: Service) -> None:
    with pytest.raises(RejectedMail):
        mail(ses).send(TO, RENDERED, tags={"kind": None})
    assert ses.requests == []


@pytest.mark.parametrize("answer", [(0, None, {}), (200, None, None)], ids=["hung up", "timed out"])
def test_a_lost_answer_is_transient(ses: Service, answer: Any) -> None:
    ses.answers.append(answer)
    with pytest.raises(TransientMailError):
        mail(ses).send(TO, RENDERED, tags={})


def test_an_unreachable_service_is_transient() -> None:
    with service({}) as aws:
        unreachable = mail(aws)
    with pytest.raises(TransientMailError, match="EndpointConnectionError"):
        unreachable.send(TO, RENDERED, tags={})


def test_a_failure_has_the_reason_without_an_address(ses: Service) -> None:
    reason = f"Email address is not verified. The following identities failed the check: {TO}, Ada <{TO}>"
    ses.answers.append((400, "MessageRejected", {"__type": "MessageRejected", "message": reason}))
    with pytest.raises(MailError) as failed:
        mail(ses).send(TO, RENDERED, tags={})
    assert str(failed.value).startswith("MessageRejected: Email address is not verified. ")
    assert "@" not in str(failed.value)


def test_every_call_goes_through_the_interceptor(ses: Service) -> None:
    operations = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        operations.append(operation)
        return call()

    mail(ses, interceptor=interceptor).send(TO, RENDERED, tags={})
    assert operations == ["send_email"]


def test_moto_accepts_a_verified_sender_and_refuses_any_other() -> None:
    import boto3
    from moto import mock_aws
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    with mock_aws():
        client = boto3.client("sesv2")
        client.create_email_identity(EmailIdentity="example.com")
        sent = Mail(client, sender=SENDER, configuration_set=None).send(TO, RENDERED, tags={"kind": "x"})
        kept = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages[-1]
        assert (kept.id, kept.subject, kept.destinations) == (sent, RENDERED.subject, {"ToAddresses": [TO]})
        with pytest.raises(TransientMailError, match="MessageRejected"):
            Mail(client, sender="no@evil.example", configuration_set=None).send(
                TO, RenderedMail("s", "t", "h"), tags={}
            )
