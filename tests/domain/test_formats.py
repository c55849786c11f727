"""What a release may be deployed on, by the formats that the data has and that code reads and writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.formats import (
    THIS,
    UNRECORDED,
    FormatRefused,
    Formats,
    Release,
    after_migration,
    before_deployment,
    check_migratable,
    check_readable,
    check_writable,
)

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=9)
ONE, EXPANDED, SWITCHED, CONTRACTED = (
    Release((1,), 1),
    Release((1, 2), 1),
    Release((1, 2), 2),
    Release((2,), 2),
)


def refusal(*arguments: object, check: Any = check_readable, **named: object) -> str:
    with pytest.raises(FormatRefused) as refused:
        check(*arguments, **named)
    return refused.value.message


def test_this_code_reads_what_it_writes_and_all_that_has_no_record() -> None:
    assert THIS.writes in THIS.reads
    assert list(THIS.reads) == sorted(THIS.reads)
    check_readable(Formats(UNRECORDED))


@pytest.mark.parametrize(("stored", "code"), [((1,), ONE), ((1, 2), EXPANDED), ((2,), CONTRACTED), ((1,), SWITCHED)])
def test_data_is_readable_if_the_code_reads_each_of_its_formats(stored: tuple[int, ...], code: Release) -> None:
    check_readable(Formats(stored), code)


def test_data_of_a_newer_release_is_refused_with_both_formats_and_a_remedy() -> None:
    assert refusal(Formats((2, 3)), SWITCHED) == (
        "The data has formats 2 and 3, and this code reads formats 1 and 2. "
        "Use the release that wrote format 3, or a later one"
    )
    assert "formats 1, 2 and 4" in refusal(Formats((1, 2, 4)), ONE)


def test_data_that_must_be_migrated_first_is_refused_with_that_remedy() -> None:
    assert refusal(Formats((1, 2)), CONTRACTED) == (
        "The data has formats 1 and 2, and this code reads format 2. "
        "First let tallybook migrate of a release that reads format 1 convert it"
    )


def test_a_command_does_not_write_a_format_that_no_deployment_announced() -> None:
    check_writable(Formats((1, 2)), SWITCHED)
    assert "this code writes format 2: deploy it before" in refusal(Formats((1,)), SWITCHED, check=check_writable)
    assert "Use the release that wrote format 3" in refusal(Formats((3,)), SWITCHED, check=check_writable)


def test_a_format_is_announced_before_the_deployment_and_written_after_it() -> None:
    before = before_deployment(Formats((1,), 1, EARLIER), SWITCHED, deployed=EXPANDED, now=NOW)
    assert before == Formats((1, 2), None, None)
    after = before_deployment(before, SWITCHED, deployed=SWITCHED, now=NOW)
    assert after == Formats((1, 2), 2, NOW)
    assert before_deployment(after, SWITCHED, deployed=SWITCHED, now=NOW + timedelta(days=1)) == after


def test_a_format_that_the_deployed_release_can_not_read_is_refused() -> None:
    message = refusal(Formats((1,)), SWITCHED, check=before_deployment, deployed=ONE, now=NOW)
    assert message == (
        "This code writes format 2, and the deployed release reads format 1: "
        "first deploy a release that reads format 2 and still writes format 1"
    )


@pytest.mark.parametrize("deployed", [None, SWITCHED])
def test_a_rollback_is_refused_if_the_code_can_not_read_the_data(deployed: Release | None) -> None:
    formats = Formats((1, 2), 2, EARLIER)
    assert "Use the release that wrote format 2" in refusal(
        formats, ONE, check=before_deployment, deployed=deployed, now=NOW
    )
    assert before_deployment(formats, EXPANDED, deployed=SWITCHED, now=NOW) == Formats((1, 2))


def test_releases_that_expand_switch_and_contract_are_each_allowed_in_turn() -> None:
    formats, deployed = Formats((1,)), ONE
    for code in (ONE, EXPANDED, SWITCHED):
        formats = before_deployment(formats, code, deployed=deployed, now=NOW)
        formats = before_deployment(formats, code, deployed=code, now=NOW)
        deployed = code
    assert "migrate" in refusal(formats, CONTRACTED, check=before_deployment, deployed=deployed, now=NOW)
    check_migratable(formats, SWITCHED, now=NOW + timedelta(minutes=3))
    formats = after_migration(formats, SWITCHED)
    assert formats == Formats((2,), 2, NOW)
    assert before_deployment(formats, CONTRACTED, deployed=deployed, now=NOW).stored == (2,)


def test_a_migration_waits_until_all_functions_write_the_new_format() -> None:
    for formats in (Formats((1, 2)), Formats((1, 2), 1, EARLIER)):
        assert "deploy it first" in refusal(formats, SWITCHED, check=check_migratable, now=NOW)
    fresh = Formats((1, 2), 2, NOW - timedelta(seconds=179))
    assert "try again in 3 minutes" in refusal(fresh, SWITCHED, check=check_migratable, now=NOW)
    check_migratable(fresh, SWITCHED, now=NOW + timedelta(seconds=1))
    check_migratable(fresh, SWITCHED, now=NOW, settled=timedelta(0))
