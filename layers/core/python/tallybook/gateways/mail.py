"""Send mails with SES v2, one call for each recipient.

    MailError
    ├── TransientMailError    retry: throttled, paused, unreachable, or no response (the mail may have been sent)
    └── RejectedMail          don't retry: SES will never accept this address, content or sender

Unknown errors are retried, so that no mail is dropped by mistake.
Source: the errors of SendEmail in the SES API v2 reference.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from tallybook.domain.emails import mailbox
from tallybook.domain.outbox import PermanentError
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.gateways.templates import RenderedMail

_PLAIN_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}"
_ADDRESS = r"[^\s<>,;:]+@[^\s<>,;]+"
_REJECTED = frozenset({"BadRequestException"})
# The other codes report what an operator can fix: an unverified domain, the sandbox, a paused account.


class MailError(Exception):
    """SES did not accept the mail. The message has the reason, without the address."""


class TransientMailError(MailError):
    """A retry may succeed."""


class RejectedMail(MailError, PermanentError):
    """A retry fails the same way."""


class Mail:
    """Sends through an interceptor. `sender` may have a name: `Tallybook <hello@example.com>`."""

    def __init__(
        self, client: Any, *, sender: str, configuration_set: str | None, interceptor: Interceptor = passthrough
    ) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set
        self._interceptor = interceptor

    def send(self, to: str, mail: RenderedMail, *, tags: Mapping[str, str]) -> str:
        """Send the mail to the ASCII form of the address; return SES's message id.

        SES reports `tags` with bounces. They consist of ASCII letters, digits, `_` and `-`.
        """
        to = to if to.isascii() else mailbox(to)
        if not re.fullmatch(_PLAIN_ADDRESS, to):
            raise RejectedMail("not one plain address")
        request = self._request(to, mail, tags)
        try:
            answer = self._interceptor("send_email", lambda: self._client.send_email(**request))
        except ClientError as error:
            code, reason = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            message = f"{code}: {re.sub(_ADDRESS, '…', reason)}" if reason else code
            raise (RejectedMail if code in _REJECTED else TransientMailError)(message) from error
        except ParamValidationError as error:
            raise RejectedMail("not a request that SES knows") from error
        except BotoCoreError as error:
            raise TransientMailError(type(error).__name__) from error
        return str(answer["MessageId"])

    def _request(self, to: str, mail: RenderedMail, tags: Mapping[str, str]) -> dict[str, Any]:
        body = {"Text": _utf8(mail.text), "Html": _utf8(mail.html)}
        request: dict[str, Any] = {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": {"Subject": _utf8(mail.subject), "Body": body}},
            "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
