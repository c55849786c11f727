"""Completes, at delivery, the context of a mail.

A mail that is no longer true is not sent. A link's token is created at delivery, so that it exists only in the mail and
as a hash; a repeated attempt replaces it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from tallybook.domain.outbox import Mail
from tallybook.services.context import Context
from tallybook.services.outbox.account_contexts import email_change_context
from tallybook.services.outbox.billing_contexts import invoice_context, overdue_context, voided_context
from tallybook.services.outbox.identity_contexts import invitation_context, password_changed_context, reset_context


class Resolver(Protocol):
    """Completes a mail's context; None if the mail must no longer be sent."""

    def __call__(self, ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None: ...


def resolve_mail(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:
    """The mail's context; None if it must no longer be sent. LookupError for an unknown template."""
    if mail.template not in RESOLVERS:
        raise LookupError(f"There is no template {mail.template!r}")
    return RESOLVERS[mail.template](ctx, mail, page_url=page_url)


def stored_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any]:  # noqa: ARG001 a resolver gets all
    """The context that was stored with the mail."""
    return mail.context


RESOLVERS: Mapping[str, Resolver] = {
    "welcome": stored_context,
    "invitation": invitation_context,
    "password_reset": reset_context,
    "password_changed": password_changed_context,
    "api_key_created": stored_context,
    "email_change_current": email_change_context,
    "email_change_new": email_change_context,
    "email_changed": stored_context,
    "account_suspended": stored_context,
    "account_resumed": stored_context,
    "invoice": invoice_context,
    "invoice_overdue": overdue_context,
    "invoice_voided": voided_context,
    "quota_requested": stored_context,
    "quota_reviewed": stored_context,
    "quota_reached": stored_context,
    "budget_reached": stored_context,
}
"""How each template gets its context."""
