"""Delivery channels that append to a list, for tests that need no gateway."""

from collections.abc import Sequence
from typing import Any

from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.deliver import Channels


class ListChannel:
    """A mail and event channel: appends each mail's address and template, or raises `failure`."""

    def __init__(self, mails: list[tuple[str, str]], failure: Exception | None) -> None:
        self._mails = mails
        self._failure = failure

    def send(self, to: str, mail: Any, *, tags: Any) -> str:  # noqa: ARG002 a mail channel gets them
        if self._failure:
            raise self._failure
        self._mails.append((to, mail))
        return "sent"

    def publish(self, events: Sequence[Any]) -> None:  # noqa: ARG002 an event channel gets them
        if self._failure:
            raise self._failure


def list_channels(mails: list[tuple[str, str]], failure: Exception | None = None) -> Channels:
    channel = ListChannel(mails, failure)
    return Channels(
        mail=channel,
        bus=channel,
        render=lambda template, _: template,
        event=lambda *event: event[0],
        page_url="https://api.example.com",
        hooks=HOOKS,
    )
