"""What leaves a house, kept: real gateways with real clients, whose calls are answered before they reach a network.

A client checks each request against AWS's own description of the service before it gets here.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from tallybook.gateways.bus import Bus, Published
from tallybook.gateways.letters import compose
from tallybook.gateways.mail import Mail
from tallybook.services.deliver import Outside

PAGE_URL = "https://api.example.com"
_LINK = re.compile(r"https://api\.example\.com/auth/password/new#(pwt_[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Sent:
    to: str
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str:
        """What stands behind the `#` of its link."""
        (text,) = set(_LINK.findall(self.text))
        assert _LINK.findall(self.html) == [text] * len(_LINK.findall(self.html))
        return str(text)


@dataclass
class Post:
    """The letters that were taken, each event's name with its data, and error codes to refuse the next calls with."""

    letters: list[Sent] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def outside(self) -> Outside:
        for client in (_client("sesv2"), _client("events")):
            client.meta.events.unregister("before-call", unique_id="post")
            client.meta.events.register("before-call", self._answer, unique_id="post")
        mail = Mail(_client("sesv2"), sender="Tallybook <hello@example.com>", configuration_set=None)
        letter = partial(compose, brand="Tallybook", page_url=PAGE_URL)
        return Outside(mail, Bus(_client("events"), "house"), letter, Published, PAGE_URL)

    def sweep(self) -> dict[str, int]:
        """The function's scheduled call."""
        from outbox.app import handler
        from tests.support.call import LambdaContext

        return handler({"job": "outbox"}, LambdaContext())

    def to(self, address: str) -> list[Sent]:
        return [letter for letter in self.letters if letter.to == address]

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        if self.refusals:
            return AWSResponse("", 400, {}, None), {"Error": {"Code": self.refusals.pop(0), "Message": "told to"}}
        request = json.loads(params["body"])
        taken = {"SendEmail": self._send, "PutEvents": self._put}[model.name](request)
        return AWSResponse("", 200, {}, None), taken

    def _send(self, request: dict[str, Any]) -> dict[str, Any]:
        content = request["Content"]["Simple"]
        body = content["Body"]
        (to,) = request["Destination"]["ToAddresses"]
        self.letters.append(Sent(to, content["Subject"]["Data"], body["Text"]["Data"], body["Html"]["Data"]))
        return {"MessageId": f"message-{len(self.letters)}"}

    def _put(self, request: dict[str, Any]) -> dict[str, Any]:
        for entry in request["Entries"]:
            detail = json.loads(entry["Detail"])
            self.events.append((entry["DetailType"], detail["data"]))
            self.details.append(detail)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "taken"} for _ in request["Entries"]]}


@cache
def _client(service: str) -> Any:
    return boto3.session.Session().client(service)
