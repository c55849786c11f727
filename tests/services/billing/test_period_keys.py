"""A period is closed only with all its keys, as a missing shard may still count usage."""

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import Failed
from tallybook.services.billing.close_period import close_due
from tallybook.store.commands import Delete
from tallybook.store.periods import period_key
from tests.support.app import App


@pytest.mark.parametrize("missing", [[1], [0, 1]])
def test_a_period_with_a_missing_key_is_not_closed(app: App, missing: list[int]) -> None:
    app.reshape(usage_shards=2)
    member = app.member()
    period = member.account.closing_cursor.period
    for shard in missing:
        app.ctx.tables.write(Delete(period_key(member.account.id, period, shard)))
    app.clock.moment = period.end + GRACE
    before = app.stored("core")
    with pytest.raises(Failed):
        close_due(app.ctx, member.account.id)
    assert app.stored("core") == before
