"""A period is closed only with all of its fence: what is missing of it may have had usage, or takes some yet."""

import pytest

from tallybook.domain.cycle import GRACE
from tallybook.domain.errors import Failed
from tallybook.services.billing.close_period import close_due
from tallybook.store.commands import Delete
from tallybook.store.periods import fence
from tests.support.house import House


@pytest.mark.parametrize("missing", [[1], [0, 1]])
def test_a_period_without_all_its_fences_is_not_closed(house: House, missing: list[int]) -> None:
    house.reshape(usage_shards=2)
    member = house.member()
    period = member.account.cycle.period
    for shard in missing:
        house.ctx.tables.write(Delete(fence(member.account.id, period, shard)))
    house.clock.moment = period.end + GRACE
    before = house.stored("core")
    with pytest.raises(Failed):
        close_due(house.ctx, member.account.id)
    assert house.stored("core") == before
