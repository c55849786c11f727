"""The real delivery, whose mails and events are received by services on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from tallybook.gateways.bus import Bus, Published
from tallybook.gateways.mail import Mail
from tallybook.gateways.templates import render
from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.deliver import Channels
from tallybook.services.outbox.sweep import sweep
from tests.gateways.aws import Service, service
from tests.support.app import App

PAGES = "https://api.example.com"


@dataclass(frozen=True, slots=True)
class Listener:
    """Receives the mails and events of the app when `deliver` is called."""

    app: App
    bus: Service
    ses: Service
    channels: Channels

    def deliver(self) -> int:
        """Deliver all due items; return how many were delivered."""
        outcomes = sweep(self.app.ctx, self.channels, deadline=float("inf"))
        return outcomes["delivered"]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """All bus entries in the order of arrival."""
        return [entry for request in self.bus.requests for entry in request["Entries"]]

    def token(self, address: str) -> str:
        """The token in the newest mail to the address that has one."""
        mails = [mail["Content"] for mail in self.ses.requests if mail["Destination"]["ToAddresses"] == [address]]
        texts: list[str] = [mail["Simple"]["Body"]["Text"]["Data"] for mail in mails]
        return next(text.partition("#")[2].split()[0] for text in reversed(texts) if "#" in text)


@contextmanager
def listening(app: App) -> Iterator[Listener]:
    taken = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
    with service(taken) as events, service({"MessageId": "m"}) as ses:
        channels = Channels(
            mail=Mail(ses.client("sesv2"), sender="hello@example.com", configuration_set=None),
            bus=Bus(events.client("events"), "bus"),
            render=partial(render, brand="Tallybook", page_url=PAGES),
            event=Published,
            page_url=PAGES,
            hooks=HOOKS,
        )
        yield Listener(app, events, ses, channels)
