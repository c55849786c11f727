"""A crash at any external call: each session starts and ends once, each user is notified once of each percentage."""

from typing import Any

from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.jobs.due_tasks import Task, due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.services.metering.sessions import end_session, start_session
from tests.simulation.conftest import Sweep
from tests.support.allocations import allocate_to, audit_entries, create_team_with_allocation
from tests.support.app import App
from tests.support.sessions import session_request


def test_a_session_started_within_limits_and_ended_in_the_next_period(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        root, ada, _ = create_team_with_allocation(app)
        return root, ada, app.platform()

    def start(app: App, known: Any) -> Any:
        return start_session(app.ctx, known[2], session_request(known[1], "mine-1"))

    def started(app: App, known: Any, session: Any) -> None:
        assert (session.status, app.account_of(known[0]).counts.running_count) == ("running", 1)

    def prepare_started(app: App) -> Any:
        known = prepare(app)
        start(app, known)
        app.clock.advance(days=31)
        return known

    def end(app: App, known: Any) -> Any:
        return end_session(app.ctx, known[2], "mine-1")

    def ended(app: App, known: Any, session: Any) -> None:
        assert session.status == "ended"
        bill = read_current_bill(app.ctx, app.account_of(known[0]))
        assert (bill.active_sessions, bill.completed_sessions) == (0, 1)

    assert sweep(prepare, start, started) == 4  # the caller, the catalog, the usage, the transaction
    assert sweep(prepare_started, end, ended) == 6  # also the note that the key was used


def due(app: App) -> list[Task]:
    return list(due_tasks(app.ctx, USAGE_CHECK))


def work_off(app: App, known: tuple[Any, list[Task]]) -> list[str]:
    """Run the queued tasks, those of before the crash included."""
    return [word for task in known[1] for word in run_task(app.ctx, task)]


def test_a_session_whose_time_is_up(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        root, key = app.member(), app.platform()
        start_session(app.ctx, key, session_request(root))
        app.clock.advance(hours=2)
        return root, due(app)

    def check(app: App, known: Any, _: Any) -> None:
        root = known[0]
        bill = read_current_bill(app.ctx, app.account_of(root))
        assert (bill.active_sessions, bill.completed_sessions) == (0, 1)
        assert {item["ended_at"] for item in app.stored("core", "RUN#")} == {"2026-04-20T13:34:56.000Z"}
        assert due(app) == []

    assert sweep(prepare, work_off, check) == 4  # session, account, period, transaction


def test_users_who_have_reached_their_quota(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        root, ada, _ = create_team_with_allocation(app)
        allocate_to(app, root, root, cpu_seconds_monthly=500)
        app.record(
            app.event(root, quantity=400, user_id=root.user_id), app.event(root, quantity=400, user_id=ada.user_id)
        )
        return (root, ada), due(app)

    def check(app: App, known: Any, _: Any) -> None:
        root, ada = known[0]
        reached = [one["after"] for one in audit_entries(app, root.account.id) if one["action"].endswith(".reached")]
        assert {one["user_id"]: one["cpu_seconds_monthly"] for one in reached} == {
            root.user_id: 80,
            ada.user_id: 100,
        }
        assert len(reached) == 2
        mails = [item["body"]["letter"] for item in app.stored("core", "OUTBOX") if item["kind"] == "mail"]
        assert mails.count("quota_reached") == 2
        assert due(app) == []

    # mark, account, allocations, use, catalog, users, transaction; the mark taken
    assert sweep(prepare, work_off, check) == 8
