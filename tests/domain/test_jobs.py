"""Jobs are called at multiples of their interval, and due work is spread over a few partitions."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.ids import derived_id
from tallybook.domain.jobs import INVOICES, JOBS, OUTBOX, USAGE_CHECK, Job, partition, partitions

JOB = Job("any", every=timedelta(minutes=5), work=("one", "two"))


@pytest.mark.parametrize(
    ("due", "called"),
    [
        ("12:00:00.000", "12:00"),
        ("12:00:00.001", "12:05"),
        ("12:04:59.999", "12:05"),
        ("12:05:00.000", "12:05"),
        ("23:58:00.000", "00:00"),
    ],
)
def test_due_work_is_found_by_the_next_call(due: str, called: str) -> None:
    at = datetime.fromisoformat(f"2026-04-20T{due}+00:00")
    day = 21 if called == "00:00" else 20
    assert JOB.call_for(at) == datetime.fromisoformat(f"2026-04-{day}T{called}:00+00:00")


def test_a_call_before_1970_is_counted_the_same_way() -> None:
    assert JOB.call_for(datetime(1969, 12, 31, 23, 58, tzinfo=UTC)) == datetime(1970, 1, 1, tzinfo=UTC)


def test_work_on_an_id_is_in_one_of_the_partitions_that_are_queried() -> None:
    places = Counter(partition("one", derived_id("thing", str(number))) for number in range(400))
    assert set(places) == set(partitions("one"))
    assert min(places.values()) > 60
    assert JOB.partitions() == (*partitions("one"), *partitions("two"))


def test_invoicing_runs_hourly_the_sweeps_every_five_minutes() -> None:
    assert JOBS == (OUTBOX, USAGE_CHECK, INVOICES)
    assert [(job.name, job.every, job.queued) for job in JOBS] == [
        ("outbox", timedelta(minutes=5), False),
        ("usage_check", timedelta(minutes=5), True),
        ("invoicing", timedelta(hours=1), True),
    ]


def test_no_two_jobs_share_a_name_or_work() -> None:
    names = [job.name for job in JOBS]
    work = [work for job in JOBS for work in job.work]
    assert len(names) == len(set(names))
    assert len(work) == len(set(work))
