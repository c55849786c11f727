"""Decides, at delivery, which addresses get a mail, and its context.

A mail that is no longer true is not sent. A link's token is created at delivery, so that it exists only in the mail and
as a hash; a repeated attempt replaces it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tallybook.domain.emails import distinct
from tallybook.domain.outbox import Mail
from tallybook.domain.strangers import without_links
from tallybook.services.context import Context
from tallybook.services.outbox.account_contexts import email_change_context
from tallybook.services.outbox.billing_contexts import invoice_context, overdue_context, voided_context
from tallybook.services.outbox.identity_contexts import invitation_context, password_changed_context, reset_context
from tallybook.services.outbox.strangers import NOBODY, Strangers
from tallybook.store import keys


class Resolver(Protocol):
    """Completes a mail's context; None if the mail must no longer be sent."""

    def __call__(self, ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class ResolvedMail:
    """`skipped` are addresses that get no mail: they bounced or complained, or are strangers who got too many today."""

    to: tuple[str, ...]
    context: Mapping[str, Any]
    skipped: tuple[str, ...] = ()
    strangers: Strangers = NOBODY

    def context_for(self, address: str) -> Mapping[str, Any]:
        """The context; for a stranger, without links that somebody typed."""
        if address not in self.strangers.addresses:
            return self.context
        return without_links(self.context, known=self.strangers.known)


def resolve_mail(ctx: Context, mail: Mail, *, page_url: str, refused: Collection[str] = ()) -> ResolvedMail:
    """No recipients if the mail must no longer be sent; `refused` are skipped. LookupError for an unknown template."""
    to = distinct(mail.to)
    suppressed = ctx.tables.get_many([keys.suppressed(address) for address in to])
    skipped = tuple(address for address in to if address in refused or keys.suppressed(address) in suppressed)
    to = tuple(address for address in to if address not in skipped)
    if not to:
        return ResolvedMail((), {}, skipped)
    if mail.template not in RESOLVERS:
        raise LookupError(f"There is no template {mail.template!r}")
    context = RESOLVERS[mail.template](ctx, mail, page_url=page_url)
    return ResolvedMail((), {}, skipped) if context is None else ResolvedMail(to, context, skipped)


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
