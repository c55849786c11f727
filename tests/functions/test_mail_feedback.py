"""Who bounced for good or complained gets no more mail; whoever's mailbox was only full still does."""

from collections.abc import Callable

import pytest

from tests.functions.notices import bounce, complaint, notify
from tests.support.house import House


def suppressed(house: House) -> dict[str, str]:
    items = [item for item in house.stored("core") if item["sk"] == "SUPPRESSED"]
    return {item["pk"].removeprefix("EMAIL#"): item["reason"] for item in items}


def test_a_bounce_for_good_suppresses_each_of_its_addresses(house: House) -> None:
    assert notify(bounce("ada@example.com", "joan@example.com")) == {"suppressed": 2}
    assert suppressed(house) == {"ada@example.com": "bounce", "joan@example.com": "bounce"}


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_bounce_that_may_pass_suppresses_nobody(house: House, kind: str) -> None:
    assert notify(bounce("ada@example.com", kind=kind)) == {"suppressed": 0}
    assert suppressed(house) == {}


def test_a_complaint_suppresses(house: House) -> None:
    assert notify(complaint("ada@example.com")) == {"suppressed": 1}
    assert suppressed(house) == {"ada@example.com": "complaint"}


def test_a_reader_who_says_that_it_was_no_spam_goes_on_getting_mail(house: House) -> None:
    told = complaint("ada@example.com")
    told["complaint"]["complaintFeedbackType"] = "not-spam"
    assert notify(told) == {"suppressed": 0}


def test_an_address_is_one_however_it_is_written(house: House) -> None:
    assert notify(bounce("Ada@Example.com ", "ada@example.com")) == {"suppressed": 1}
    assert suppressed(house) == {"ada@example.com": "bounce"}


def test_the_same_again_changes_nothing_and_several_come_in_one_call(house: House) -> None:
    told = [bounce("ada@example.com"), complaint("joan@example.com"), bounce("max@example.com", kind="Transient")]
    assert notify(*told) == {"suppressed": 2}
    before = house.stored("core")
    assert notify(*told) == {"suppressed": 2}
    assert house.stored("core") == before


def test_a_notification_of_ses_itself_reads_the_same(house: House) -> None:
    """SES's feedback notifications say `notificationType` where its event publishing says `eventType`."""
    told = bounce("ada@example.com")
    told["notificationType"] = told.pop("eventType")
    assert notify(told) == {"suppressed": 1}


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "DeliveryDelay", "Rendering Failure", "Reject"])
def test_events_of_other_kinds_are_let_pass(house: House, kind: str) -> None:
    assert notify({"eventType": kind, "mail": {"destination": ["ada@example.com"]}}) == {"suppressed": 0}
    assert suppressed(house) == {}


def test_the_log_says_how_many_and_not_who(house: House, logged: Callable[[], str]) -> None:
    notify(bounce("ada@example.com"))
    assert '"suppressed":1' in logged()
    assert "ada@example.com" not in logged()


def test_what_ses_says_on_subscribing_is_no_event_and_does_no_harm(house: House) -> None:
    hello = "Successfully validated SNS topic for Amazon SES event publishing."
    for odd in (hello, "", "[]", "null", "5"):
        assert notify(odd, bounce("ada@example.com")) == {"suppressed": 1}
