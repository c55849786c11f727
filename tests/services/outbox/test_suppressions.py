"""Whoever bounced or complained gets no more mail, until the operator lifts that."""

import pytest

from tallybook.domain.errors import NotFound
from tallybook.services.outbox.suppressions import find_suppression, lift_suppression, suppress_addresses
from tests.support.house import House


def test_a_suppression_is_lifted_by_the_operator_and_mail_goes_again(house: House) -> None:
    suppress_addresses(house.ctx, ["ada@example.com"], reason="complaint")
    assert find_suppression(house.ctx, "ADA@example.com") == ("complaint", house.clock.now())
    lift_suppression(house.ctx, "Ada@example.com")
    house.member("ada@example.com")
    assert len(house.deliver().to("ada@example.com")) == 1
    assert [item["target"] for item in house.stored("core") if item.get("action") == "suppression.lifted"] == [
        "ada@example.com"
    ]


def test_what_is_not_suppressed_is_neither_shown_nor_lifted(house: House) -> None:
    for ask in (find_suppression, lift_suppression):
        with pytest.raises(NotFound):
            ask(house.ctx, "ada@example.com")
