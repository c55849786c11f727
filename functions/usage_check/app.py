"""Every five minutes: sessions whose time is up are ended, and unseen usage is held against users' allocations."""

from tallybook import runtime
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.queued_job import QueuedJob
from tallybook.services.check_usage import carry_out

handler = QueuedJob(USAGE_CHECK, carry_out)
runtime.prepare()
