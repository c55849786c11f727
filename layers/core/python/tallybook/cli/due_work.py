"""The summary that `tallybook invoices run` prints: counts, and each failure with its reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tallybook.domain.errors import TallybookError
from tallybook.domain.ids import ACCOUNT
from tallybook.services.jobs.invoicing import TaskResult

_FAILURES_SHOWN = 20


@dataclass(slots=True)
class Summary:
    """`failures` are pairs of a prefixed account id and a reason; an account may have several."""

    accounts: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def add(self, result: TaskResult) -> None:
        if result.failure is not None:
            self.failures.append((ACCOUNT + result.task.account_id, _reason(result.failure)))
        if result.invoices or result.failure:
            self.accounts.add(result.task.account_id)
        self.counts["paid"] += sum(invoice.status == "paid" for invoice in result.invoices)
        if result.task.kind == "overdue":
            self.counts["overdue"] += sum(invoice.status == "overdue" for invoice in result.invoices)
        else:
            self.counts["closed"] += len(result.invoices)

    def as_json(self) -> Mapping[str, object]:
        """`invoices_issued` equals `periods_closed`: a closed period has one invoice."""
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
        lines += [f"{account_id}: {reason}" for account_id, reason in self.failures[:_FAILURES_SHOWN]]
        if len(self.failures) > _FAILURES_SHOWN:
            lines.append(f"and {len(self.failures) - _FAILURES_SHOWN} more; --json has them all")
        return "\n".join(lines)


def _reason(failure: Exception) -> str:
    if isinstance(failure, TallybookError):
        return failure.message
    return " ".join(f"{type(failure).__name__}: {failure}".split())
