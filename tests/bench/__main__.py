"""`make bench`: measures the design's goals. Ratios compare with a reference run beside it; times are never printed."""

import contextlib
import io
import sys
from collections.abc import Collection, Iterator
from typing import Any
from unittest import mock

from botocore.config import Config

import tests.conftest  # noqa: F401 the environment that the tests run in
from infra.local.cloud import Cloud, ministack
from tallybook import runtime
from tests.bench.budget_figures import budget_figures
from tests.bench.budget_story import EVENTS, MOST_SECONDS, run_story
from tests.bench.budget_sweep import sweep
from tests.bench.cold_alias import cold_alias_ratio
from tests.bench.cold_start import cold_starts
from tests.bench.contention import FORMER, NOW, simulate
from tests.bench.context import make_still_context
from tests.bench.cost import costs
from tests.bench.figures import Figure, figures, read_goal
from tests.bench.instructions import valgrind_is_installed
from tests.bench.invoice_figures import add_sessions, create_payer, history_figure, invoice_figures
from tests.bench.invoicing import MOST_CALLS, MOST_WRITE_UNITS, tick
from tests.bench.quota_figures import quota_figures
from tests.bench.sections import DETERMINISTIC, WITHOUT_TABLES, read_sections
from tests.bench.warm import warm_request
from tests.support.app import App
from tests.support.call import call, gateway_event, handle
from tests.support.cloud import create_tables

_BATCH = 1000
_FLAT_AT = (10, 100, 1_000, 10_000, 100_000)
_SESSIONS_AT = (10, 100, 1_000)
_ACCOUNTS_AT = (100, 1_000, 10_000)
_BUDGETS_AT, _USED = (100, 1_000, 10_000), 100
_MESSAGES = 10_000


def main() -> None:
    chosen = read_sections()
    if set(chosen) - WITHOUT_TABLES:
        with ministack() as cloud:
            _print_sections_with_tables(cloud, chosen)
    if "story" in chosen:
        _print_budget_story(timed=chosen != DETERMINISTIC)
    if "contention" in chosen:
        _print_contention()
    if "cold" in chosen:
        _print_cold_starts()
    if "alias" in chosen:
        print(f"\nFirst call by the alias: {cold_alias_ratio():.2f} x one by the function's name (the median)")


def _print_sections_with_tables(cloud: Cloud, chosen: Collection[str]) -> None:
    client = _client_with_long_timeout(cloud)
    create_tables(client)
    app = App(make_still_context(client, workers=8), client)
    app.apply_catalog()
    sections = {
        "calls": lambda: _print_figures("of one call", figures(app)),
        "invoices": lambda: _print_figures("of invoices", invoice_figures(app)),
        "flatness": lambda: _print_flatness(app),
        "history": lambda: _print_history(app),
        "warm": lambda: _print_warm(app),
        "quotas": lambda: _print_figures("of quotas", quota_figures(app)),
        "budgets": lambda: _print_figures("of budgets", budget_figures(app)),
        "sweeps": lambda: _print_sweeps(client),
        "invoicing": lambda: _print_invoicing(client),
        "costs": lambda: _print_costs(app),
    }
    with mock.patch.object(runtime, "context", return_value=app.ctx):
        for name, print_section in sections.items():
            if name in chosen:
                print_section()


def _client_with_long_timeout(cloud: Cloud) -> Any:
    """A client with a longer timeout than the product's 2 s, which would change the figures on a busy machine."""
    config = Config(read_timeout=60, retries={"total_max_attempts": 1}, max_pool_connections=16)
    return cloud.client("dynamodb", config)


def _print_figures(what: str, figures: Iterator[Figure]) -> None:
    print(f"\nRound trips and capacity units {what} (goal in brackets)")
    with _quiet():
        rows = list(figures)
    for row in rows:
        read = f"{row.read_units:6.1f} [{row.most_read:.1f}]" if row.most_read is not None else f"{row.read_units:6.1f}"
        write = f"{row.write_units:6.0f} [{row.most_write:.0f}]" if row.most_write else f"{row.write_units:6.0f}"
        mark = "" if row.reached else "  MISSED"
        print(f"  {row.name:52} calls {row.calls} [{row.most_calls}]  read {read:14}  write {write}{mark}")


def _print_flatness(app: App) -> None:
    print("\nGET /v1/billing/current after so many events")
    member, key = app.member(), app.platform_key()
    sent = 0
    with _quiet():
        call("GET", "/v1/billing/current", key=member.api_key)
    for target in _FLAT_AT:
        app.meter.clear()
        while sent < target:
            events = [app.event(member, quantity=1) for _ in range(min(_BATCH, target - sent))]
            with _quiet():
                answer = handle(gateway_event("POST", "/v1/platform/events", key=key, body=events))
            assert answer.json["data"]["accepted"] == len(events)
            sent += len(events)
            _progress(sent, _FLAT_AT[-1])
        app.meter.clear()
        with _quiet():
            bill = call("GET", "/v1/billing/current", key=member.api_key).json["data"]
        spent = app.meter
        mark = "" if spent.calls <= 3 and spent.read_units <= read_goal(app) else "  MISSED"
        print(
            f"  {target:7} events: calls {spent.calls} [3]  read {spent.read_units} [{read_goal(app)}]"
            f"  current_cost {bill['current_cost']}{mark}"
        )


def _print_history(app: App) -> None:
    print("\nThe history of a month after so many sessions and events, of which the newest 100 sessions are told")
    member, there = create_payer(app), 0
    for target in _SESSIONS_AT:
        with _quiet():
            add_sessions(app, member, target - there)
            app.record(*[app.event(member) for _ in range(target - there)])
            row = history_figure(app, member, f"{target:7} of each")
        there = target
        mark = "" if row.reached else "  MISSED"
        print(f"  {row.name}: calls {row.calls} [{row.most_calls}]  read {row.read_units}{mark}")


def _print_invoicing(client: Any) -> None:
    print("\nOne tick over so many accounts, each invoiced and paid from the balance: what one of them takes")
    for accounts in _ACCOUNTS_AT:
        row = tick(client, accounts, progress=_progress)
        mark = "" if row.reached else "  MISSED"
        print(
            f"  {row.accounts:7} accounts: calls {row.calls:.2f} [{MOST_CALLS}]"
            f"  write {row.write_units:.2f} [{MOST_WRITE_UNITS}]  read {row.read_units:.2f}"
            f"  found by {row.queries} queries; a million would cost ${row.dollars_for_a_million:.2f}{mark}",
            flush=True,
        )
    print("  (DynamoDB and SQS on demand; not the Lambda, nor mails and events, which leave afterwards)")


def _print_sweeps(client: Any) -> None:
    print(f"\nOne sweep over so many budgets, of which {_USED} accounts have used something")
    first: tuple[float, ...] | None = None
    for budgets in _BUDGETS_AT:
        row = sweep(client, budgets, _USED, progress=_progress)
        first = first or row.cost
        mark = "" if row.cost == first and row.found == row.used and not row.left else "  MISSED"
        print(
            f"  {row.budgets:7} budgets: found {row.found} by {row.queries} queries for {row.finding_units} units,"
            f" checked for calls {row.calls}  read {row.read_units}  write {row.write_units};"
            f" {row.alerted} alerted{mark}",
            flush=True,
        )


def _print_costs(app: App) -> None:
    print("\nA million of each by AWS's list prices, in USD, with assumed seconds of the functions (docs/scale.md)")
    with _quiet():
        rows = list(costs(app))
    for row in rows:
        parts = ", ".join(f"{service} {usd:.2f}" for service, usd in row.parts.items())
        print(f"  {row.what:48} {row.usd:7.2f}   {parts}")


def _print_warm(app: App) -> None:
    with _quiet():
        warm = warm_request(app, rounds=200)
    mark = "" if warm.ratio <= warm.goal else "  MISSED"
    print(f"\nWarm {warm.request}: {warm.ratio:.2f} x a hello-world with the same calls [{warm.goal}]{mark}")


def _print_budget_story(*, timed: bool) -> None:
    counts, seconds = run_story()
    mark = "  MISSED" if timed and seconds > MOST_SECONDS else ""
    listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"\nA budget through {EVENTS} events told what the rule in other words does: {listed}{mark}")


def _print_contention() -> None:
    print(f"\n{_MESSAGES} messages of one account on the usage queue at once (simulated)")
    for name, settings in (("before", FORMER), ("now", NOW)):
        outcome = simulate(settings, messages=_MESSAGES)
        lost = outcome.given_up / outcome.messages
        mark = "  MISSED" if settings == NOW and outcome.given_up else ""
        print(
            f"  {name:7} {settings.workers:3} workers: {lost:.1%} given up, at most {outcome.most_receives} receives"
            f" of {settings.receives}, the last counted after {outcome.seconds:.0f} s{mark}",
            flush=True,
        )


def _print_cold_starts() -> None:
    print("\nCold start in millions of instructions, beside a hello-world of the same libraries and routes")
    if not valgrind_is_installed():
        print("  SKIPPED: valgrind counts them and is not installed; on Debian: apt-get install valgrind")
        return
    for start in cold_starts():
        mark = "" if start.ratio <= start.goal else "  MISSED"
        own, hello = start.instructions / 1e6, start.hello_instructions / 1e6
        print(
            f"  {start.function:14} {own:7.1f}  hello-world {hello:7.1f}  ratio {start.ratio:.3f} [{start.goal}]{mark}",
            flush=True,
        )


def _progress(done: int, whole: int) -> None:
    if sys.stderr.isatty():
        print(f"\r  {done} of {whole}", end="\r", file=sys.stderr)


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    """Drop the functions' log lines."""
    with contextlib.redirect_stdout(io.StringIO()) as lines:
        yield lines


if __name__ == "__main__":
    main()
