"""No valid message of a busy account is given up; with the former settings, some were."""

import pytest

from tests.bench.contention import FORMER, NOW, simulate

SMALL = FORMER._replace(workers=60)


def test_the_former_settings_lose_valid_messages_of_a_busy_account() -> None:
    outcome = simulate(SMALL, messages=600, items=50)
    assert outcome.given_up > 0
    assert outcome.counted + outcome.given_up == outcome.messages


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("items", [10, 50])
def test_no_valid_message_of_a_busy_account_is_given_up(items: int, seed: int) -> None:
    outcome = simulate(NOW, messages=600, items=items, seed=seed)
    assert (outcome.counted, outcome.given_up) == (600, 0)
    assert outcome.most_receives <= 10


def test_growing_pauses_alone_save_the_messages_of_many_workers() -> None:
    assert simulate(SMALL._replace(receives=15, is_postponed=True), messages=600, items=50).given_up == 0


def test_a_seed_has_one_outcome() -> None:
    assert simulate(SMALL, messages=200) == simulate(SMALL, messages=200)
