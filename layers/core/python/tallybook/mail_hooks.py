"""The composition root of delivery hooks: which area records the delivery of which mail.

It is not in `delivery`, because the function that handles bounces needs the hooks but no gateways.
"""

from tallybook.services.budgets.alert_delivery import ALERT_DELIVERY
from tallybook.services.outbox.hooks import Hooks

HOOKS: Hooks = {"budget_reached": ALERT_DELIVERY}
"""By the mail's template."""
