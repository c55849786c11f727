"""The composition root of delivery hooks: which area records the delivery of which mail.

A module of its own, because the function that takes bounces needs no gateway of `delivery`.
"""

from tallybook.services.budgets.alert_delivery import ALERT_DELIVERY
from tallybook.services.outbox.hooks import Hooks

HOOKS: Hooks = {"budget_reached": ALERT_DELIVERY}
"""By the mail's template."""
