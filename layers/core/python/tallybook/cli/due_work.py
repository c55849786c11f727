"""What became of the work on invoices that was due: counted, and told where something failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tallybook.domain.errors import TallybookError
from tallybook.domain.ids import ACCOUNT
from tallybook.services.jobs.invoicing import Done

_SHOWN = 20


@dataclass(slots=True)
class Summary:
    """`failures` are an account each, prefixed, and the reason; one account may have several."""

    accounts: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def add(self, done: Done) -> None:
        if done.failure is not None:
            self.failures.append((ACCOUNT + done.task.account_id, _reason(done.failure)))
        if done.invoices or done.failure:
            self.accounts.add(done.task.account_id)
        if done.task.kind == "overdue":
            self.counts["overdue"] += len(done.invoices)
            return
        self.counts["closed"] += len(done.invoices)
        self.counts["paid"] += sum(invoice.status == "paid" for invoice in done.invoices)

    def as_json(self) -> Mapping[str, object]:
        """Each closed period has one invoice, so that as many were issued."""
        return {
            "accounts": len(self.accounts),
            "periods_closed": self.counts["closed"],
            "invoices_issued": self.counts["closed"],
            "paid": self.counts["paid"],
            "overdue": self.counts["overdue"],
            "failed": len(self.failures),
            "failures": [{"account_id": account_id, "reason": reason} for account_id, reason in self.failures],
        }

    def __str__(self) -> str:
        if not self.accounts:
            return "Nothing to do"
        counts = {name.replace("_", " "): count for name, count in self.as_json().items() if name != "failures"}
        lines = [", ".join(f"{name} {count}" for name, count in counts.items())]
        lines += [f"{account_id}: {reason}" for account_id, reason in self.failures[:_SHOWN]]
        if len(self.failures) > _SHOWN:
            lines.append(f"and {len(self.failures) - _SHOWN} more; --json has them all")
        return "\n".join(lines)


def _reason(failure: Exception) -> str:
    if isinstance(failure, TallybookError):
        return failure.message
    return " ".join(f"{type(failure).__name__}: {failure}".split())
