"""A fake of SES, EventBridge and SQS behind the real gateways.

Each request is checked against AWS's service model and then kept instead of sent, so that a test can read the mails
and events. `interceptor` or `refusals` make calls fail.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from tallybook.gateways.bus import Bus, Published
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.gateways.mail import Mail
from tallybook.gateways.queue import Queue
from tallybook.gateways.templates import render
from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.deliver import Channels
from tests.support.faults import client_error

SENDER = "Tallybook <no-reply@example.com>"
PAGE_URL = "https://api.example.com"
_LINK = re.compile(re.escape(PAGE_URL) + r"/auth/(?:password/new#(?=pwt_)|email/confirm#)([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that SES accepted."""

    to: str
    subject: str
    text: str
    html: str
    item: str

    @property
    def token(self) -> str:
        """The token of its only link, which is in the text and the HTML."""
        (token,) = set(_LINK.findall(self.text))
        assert set(_LINK.findall(self.html)) == {token}
        return str(token)


@dataclass
class FakeAws:
    """The mails, bus entries and queue messages so far, and the pauses of received messages by their handles.

    Each call goes through `interceptor`. Each error code in `refusals` makes one of the next calls fail.
    """

    interceptor: Interceptor = passthrough
    mails: list[SentMail] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    pauses: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def queue(self) -> Queue:
        client = _Client(self, "send_message_batch", "change_message_visibility_batch")
        return Queue(client, "https://sqs.example.com/invoicing", interceptor=self.interceptor)

    def channels(self) -> Channels:
        return Channels(
            mail=Mail(
                _Client(self, "send_email"), sender=SENDER, configuration_set="set", interceptor=self.interceptor
            ),
            bus=Bus(_Client(self, "put_events"), "bus", interceptor=self.interceptor),
            render=partial(render, brand="Tallybook", page_url=PAGE_URL),
            event=Published,
            page_url=PAGE_URL,
            hooks=HOOKS,
        )

    def mails_to(self, address: str) -> list[SentMail]:
        return [mail for mail in self.mails if mail.to == address]

    @property
    def details(self) -> list[dict[str, Any]]:
        """The detail of each event."""
        return [json.loads(entry["Detail"]) for entry in self.entries]

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Each event's name with its data."""
        return [(entry["DetailType"], json.loads(entry["Detail"])["data"]) for entry in self.entries]

    def events_named(self, name: str) -> list[dict[str, Any]]:
        """The details of the events of this name."""
        return [json.loads(entry["Detail"]) for entry in self.entries if entry["DetailType"] == name]

    def sweep(self) -> dict[str, int]:
        """The scheduled call of the outbox function; `delivery.channels` must be patched to this fake."""
        from outbox.app import handler
        from tests.support.call import LambdaContext

        return handler({"job": "outbox"}, LambdaContext())

    def take(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.refusals:
            raise client_error(operation, self.refusals.pop(0))
        if operation == "put_events":
            self.entries += request["Entries"]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "taken"} for _ in request["Entries"]]}
        if operation == "send_message_batch":
            self.messages += [entry["MessageBody"] for entry in request["Entries"]]
            return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}
        if operation == "change_message_visibility_batch":
            self.pauses |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in request["Entries"]}
            return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}
        content = request["Content"]["Simple"]
        (to,) = request["Destination"]["ToAddresses"]
        tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
        body = content["Body"]
        self.mails.append(
            SentMail(to, content["Subject"]["Data"], body["Text"]["Data"], body["Html"]["Data"], tags["item"])
        )
        return {"MessageId": f"message-{len(self.mails)}"}


class _Client:
    """Checks a request as boto3 would, and passes it to the fake."""

    def __init__(self, fake_aws: FakeAws, *operations: str) -> None:
        self._fake_aws, self._operations = fake_aws, operations

    def __getattr__(self, operation: str) -> Any:
        assert operation in self._operations

        def send(**request: Any) -> dict[str, Any]:
            _check(operation, request)
            return self._fake_aws.take(operation, request)

        return send


def _check(operation: str, request: dict[str, Any]) -> None:
    model = _model({"send_email": "sesv2", "put_events": "events"}.get(operation, "sqs"))
    name = "".join(part.capitalize() for part in operation.split("_"))
    report = ParamValidator().validate(request, model.operation_model(name).input_shape)
    assert not report.has_errors(), report.generate_report()


@cache
def _model(service: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)
