"""Letters on their way, by SES v2: one call, one reader.

    MailFailed
    ├── Passing    it may go later: throttled, paused, out of reach, or the answer was lost (then it may have gone)
    └── Refused    it will never go like this: no address, content or sender that SES takes

What is not known never to go is taken to be passing, so that no letter is dropped by mistake.
Source: the errors of SendEmail in the SES API v2 reference.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from tallybook.domain.outbox import Undeliverable
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.gateways.templates import RenderedMail

_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")

_ADDRESS = re.compile(r"[^\s<>,;:]+@[^\s<>,;]+")
_NEVER = frozenset({"BadRequestException"})
# All else an operator can mend, and then it goes: a domain not verified yet, the sandbox, a paused account.


class MailFailed(Exception):
    """A letter was not taken; the message says why, without the address."""


class Passing(MailFailed):
    """It may be taken later."""


class Refused(MailFailed, Undeliverable):
    """It will never be taken like this."""


class Mail:
    """Sends through an interceptor, from `sender`, which may have a name: `Tallybook <hello@example.com>`."""

    def __init__(
        self, client: Any, *, sender: str, configuration_set: str | None, interceptor: Interceptor = passthrough
    ) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set
        self._interceptor = interceptor

    def send(self, to: str, letter: RenderedMail, *, tags: Mapping[str, str]) -> str:
        """The message's id at SES. `tags` come back with its bounces: ASCII letters, digits, `_` and `-` only."""
        if not _PLAIN_ADDRESS.fullmatch(to):
            raise Refused("not one plain address")
        request = self._request(to, letter, tags)
        try:
            answer = self._interceptor("send_email", lambda: self._client.send_email(**request))
        except ClientError as error:
            code, reason = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            told = f"{code}: {_ADDRESS.sub('…', reason)}" if reason else code
            raise (Refused if code in _NEVER else Passing)(told) from error
        except ParamValidationError as error:
            raise Refused("not a request that SES knows") from error
        except BotoCoreError as error:
            raise Passing(type(error).__name__) from error
        return str(answer["MessageId"])

    def _request(self, to: str, letter: RenderedMail, tags: Mapping[str, str]) -> dict[str, Any]:
        body = {"Text": _utf8(letter.text), "Html": _utf8(letter.html)}
        request: dict[str, Any] = {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": {"Subject": _utf8(letter.subject), "Body": body}},
            "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
