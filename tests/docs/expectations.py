"""Checks of what each page's blocks print when run in the order of the walk."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

type Printed = list[str]


def _data(output: str) -> Any:
    return json.loads(output)["data"]


def _readme(printed: Printed) -> None:
    _, _, bill, sent, drafted = printed
    current = _data(bill)
    assert current["current_cost"] == current["daily_trend"][-1]["cost"] > 0
    assert (current["active_sessions"], current["completed_sessions"]) == (0, 1)
    assert [allocation["resource_type"] for allocation in current["cost_breakdown"]] == ["sandbox"]
    assert re.search(r"accepted 2.*duplicates 2", sent, re.DOTALL), sent
    draft = _data(drafted)
    assert (draft["status"], draft["invoice_number"]) == ("draft", None)
    assert draft["total_amount"] > 3000


def _usage(printed: Printed) -> None:
    sent, started, ended, history = map(_data, [printed[0], *printed[4:]])
    assert sent["accepted"] == 1
    assert re.match(r"http://\S+\n", printed[2]), "the address of the emulated cloud"
    shown = dict(line.partition("\t")[::2] for line in printed[3].splitlines())
    assert (shown["meter"], shown["quantity"], shown["plan_name"]) == ("ram_gb_seconds", "12.5", "hobby")
    assert shown["platform_key_id"].startswith("plk-")
    assert (started["status"], ended["status"]) == ("running", "ended")
    assert history["sessions"][0]["session_id"] == "docs-1"
    assert history["total_cost"] > 3000


def _wallet(printed: Printed) -> None:
    granted, used, shown, login = printed
    first, second = map(_data, granted.split("\n")[:2])
    assert first == second
    assert first["balance"] == 6_000_000
    assert _data(used)["accepted"] == 1
    assert re.search(r"^ledger_entry_id\tled-\S+\namount\t0\.25 USD$", shown, re.MULTILINE), shown
    assert json.loads(login)["user"]["balance"] == 5_750_000


def _identity(printed: Printed) -> None:
    key, invited, asked, cleared, audit = printed
    assert _data(key)["api_key"].startswith("sk-")
    assert _data(invited)["user"]["login_email"] == "colleague@example.com"
    assert _data(asked)["status"] == "none_confirmed"
    assert json.loads(cleared)["success"] is True
    actions = [entry["action"] for entry in _data(audit)["entries"]]
    assert actions[:4] == [
        "account.email_change_cleared",
        "account.email_change_requested",
        "user.invited",
        "api_key.created",
    ]


def _budgets(printed: Printed) -> None:
    budget, status, raised, messages = map(_data, printed)
    assert budget["is_restricted"] is status["is_restricted"] is True
    assert status["amount_used"] > 3000
    assert raised["is_restricted"] is False
    assert [message["threshold_percent"] for message in messages["messages"]] == [100, 80, 50]


def _quotas(printed: Printed) -> None:
    allocation, used, admission, reviewed = map(_data, printed)
    assert allocation["allocation"]["concurrent_sandboxes"] == 1
    assert used["quota"]["cpu_seconds_monthly"]["remaining"] == 0
    assert [reason["code"] for reason in admission["reasons"]] == ["user_cpu_seconds_monthly"]
    assert reviewed["request"]["status"] == "approved"


def _catalog(printed: Printed) -> None:
    applied, plans = printed
    assert "Catalog version 1 is current" in applied
    assert [plan["plan_name"] for plan in _data(plans)["plans"]] == ["hobby", "pro", "scale"]


def _events_and_mail(printed: Printed) -> None:
    listed, mails = printed
    assert listed.count("id\tkind\tlane\tholds") == 2
    assert any(mail["to"] == ["colleague@example.com"] for mail in json.loads(mails)["mails"])


def _operator(printed: Printed) -> None:
    users, terms, key, keys, record, health, invoices, smoke = printed
    assert "ada@example.com" in users
    names = {
        each["name"] for line in users.splitlines() if line.startswith("{") for each in json.loads(line)["api_keys"]
    }
    assert names == {"local", "ci", "laptop"}
    assert "is suspended\n" in terms
    assert "is active\n" in terms
    assert re.search(r"is on pro; inv-\S+ is issued", terms)
    assert key.startswith("pk-")
    assert '"source_prefix": "host-1/"' in keys
    assert re.findall(r"^plk-\S+\t(\S+)", keys, re.MULTILINE) == ["host-1", "meter", "local"]
    assert "account.suspended" in record
    assert {"invoicing", "usage", "usage_check"} <= set(re.findall(r"^(\w+)\t\d+\t\d+\t", record, re.MULTILINE))
    statuses = {line.partition("\t")[0] for line in health.strip().splitlines()[1:]}
    assert statuses == {"ok", "warning", "not checked"}
    assert invoices.startswith("Nothing to do\n")
    assert "SES accepted welcome for success+tallybook-smoke@simulator.amazonses.com" in smoke
    assert smoke.strip().endswith("Smoke test passed")


def _local(printed: Printed) -> None:
    (moved,) = printed
    assert re.search(r"ahead_seconds\t0\.0\nIt is 20", moved), moved


def _invoices(printed: Printed) -> None:
    moved, listed, corrected = printed
    assert re.search(r"calls of invoicing: [1-9]", moved), moved
    assert listed.startswith("Nothing to do\n")
    assert re.search(r"^total_amount\t[1-9]\d*\.\d\d USD$", corrected, re.MULTILINE), corrected
    assert re.search(r"inv-\S+ is void; inv-\S+, number 3, replaces it\n", corrected), corrected


EXPECTED: Mapping[str, Callable[[Printed], None]] = {
    "README.md": _readme,
    "docs/usage.md": _usage,
    "docs/wallet.md": _wallet,
    "docs/identity.md": _identity,
    "docs/budgets.md": _budgets,
    "docs/quotas.md": _quotas,
    "docs/catalog.md": _catalog,
    "docs/events-and-mail.md": _events_and_mail,
    "docs/operator.md": _operator,
    "docs/local.md": _local,
    "docs/invoices.md": _invoices,
}

AHEAD_AFTERWARDS = timedelta(days=32, hours=6)
"""How far `docs/local.md` and `docs/invoices.md` together move the clock."""
