"""The ways out, ending in a list."""

from collections.abc import Sequence
from typing import Any

from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.deliver import Channels


class Ways:
    """A mail that notes to whom which letter went, and a bus; both raise `failure` where there is one."""

    def __init__(self, letters: list[tuple[str, str]], failure: Exception | None) -> None:
        self._letters = letters
        self._failure = failure

    def send(self, to: str, letter: Any, *, tags: Any) -> str:  # noqa: ARG002 a mail takes them
        if self._failure:
            raise self._failure
        self._letters.append((to, letter))
        return "sent"

    def publish(self, events: Sequence[Any]) -> None:  # noqa: ARG002 a bus takes them
        if self._failure:
            raise self._failure


def outside(letters: list[tuple[str, str]], failure: Exception | None = None) -> Channels:
    ways = Ways(letters, failure)
    return Channels(
        mail=ways,
        bus=ways,
        render=lambda kind, _: kind,
        event=lambda *event: event[0],
        page_url="https://api.example.com",
        hooks=HOOKS,
    )
