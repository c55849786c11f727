"""A crash at any external call starts and ends each session once, and tells each user once what they have reached."""

from typing import Any

from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.jobs.due_tasks import Task, due_tasks
from tallybook.services.jobs.usage_check import carry_out
from tallybook.services.metering.sessions import end_session, start_session
from tests.services.metering.test_sessions import wanted
from tests.simulation.conftest import Sweep
from tests.support.house import House
from tests.support.shares import entries, share, with_share


def test_a_session_started_within_limits_and_ended_in_the_next_period(sweep: Sweep) -> None:
    def prepare(house: House) -> Any:
        root, ada, _ = with_share(house)
        return root, ada, house.platform()

    def start(house: House, known: Any) -> Any:
        return start_session(house.ctx, known[2], wanted(known[1], "mine-1"))

    def started(house: House, known: Any, session: Any) -> None:
        assert (session.status, house.account_of(known[0]).running) == ("running", 1)

    def prepare_started(house: House) -> Any:
        known = prepare(house)
        start(house, known)
        house.clock.advance(days=31)
        return known

    def end(house: House, known: Any) -> Any:
        return end_session(house.ctx, known[2], "mine-1")

    def ended(house: House, known: Any, session: Any) -> None:
        assert session.status == "ended"
        bill = read_current_bill(house.ctx, house.account_of(known[0]))
        assert (bill.active_sessions, bill.completed_sessions) == (0, 1)

    assert sweep(prepare, start, started) == 4  # who calls, the catalog, what is used, the transaction
    assert sweep(prepare_started, end, ended) == 5


def due(house: House) -> list[Task]:
    return list(due_tasks(house.ctx, USAGE_CHECK))


def work_off(house: House, known: tuple[Any, list[Task]]) -> list[str]:
    """What the queue holds is worked off; what was before the crash as well."""
    return [word for task in known[1] for word in carry_out(house.ctx, task)]


def test_a_session_whose_time_is_up(sweep: Sweep) -> None:
    def prepare(house: House) -> Any:
        root, key = house.member(), house.platform()
        start_session(house.ctx, key, wanted(root))
        house.clock.advance(hours=2)
        return root, due(house)

    def check(house: House, known: Any, _: Any) -> None:
        root = known[0]
        bill = read_current_bill(house.ctx, house.account_of(root))
        assert (bill.active_sessions, bill.completed_sessions) == (0, 1)
        assert {item["ended_at"] for item in house.stored("core", "RUN#")} == {"2026-04-20T13:34:56.000Z"}
        assert due(house) == []

    assert sweep(prepare, work_off, check) == 4  # session, account, period, transaction


def test_users_who_have_reached_what_they_are_given(sweep: Sweep) -> None:
    def prepare(house: House) -> Any:
        root, ada, _ = with_share(house)
        share(house, root, root, cpu_seconds_monthly=500)
        house.record(
            house.event(root, quantity=400, user_id=root.user_id), house.event(root, quantity=400, user_id=ada.user_id)
        )
        return (root, ada), due(house)

    def check(house: House, known: Any, _: Any) -> None:
        root, ada = known[0]
        reached = [one["after"] for one in entries(house, root.account.id) if one["action"].endswith(".reached")]
        assert {one["user_id"]: one["cpu_seconds_monthly"] for one in reached} == {
            root.user_id: 80,
            ada.user_id: 100,
        }
        assert len(reached) == 2
        letters = [item["body"]["letter"] for item in house.stored("core", "OUTBOX") if item["kind"] == "mail"]
        assert letters.count("quota_reached") == 2
        assert due(house) == []

    # mark, account, allocations, use, catalog, users, transaction; the mark taken
    assert sweep(prepare, work_off, check) == 8
