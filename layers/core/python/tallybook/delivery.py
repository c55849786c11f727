"""The composition root of delivery: builds the channels for mails and events from the environment.

It is not in `runtime`, so that only the function that delivers loads the gateways and templates.
"""

import os
from functools import cache, partial

import boto3
from botocore.config import Config

from tallybook.gateways.bus import Bus, Published
from tallybook.gateways.mail import Mail
from tallybook.gateways.templates import render
from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.deliver import Channels

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})  # the outbox retries


@cache
def channels() -> Channels:
    session = boto3.session.Session()
    mail = Mail(
        session.client("sesv2", config=_CONFIG),
        sender=os.environ["MAIL_FROM"],
        configuration_set=os.environ.get("MAIL_CONFIGURATION_SET"),
    )
    bus = Bus(session.client("events", config=_CONFIG), os.environ["BUS_NAME"])
    page_url = os.environ["PAGE_URL"].rstrip("/")
    return Channels(
        mail=mail,
        bus=bus,
        render=partial(render, brand=os.environ["BRAND"], page_url=page_url),
        event=Published,
        page_url=page_url,
        hooks=HOOKS,
    )
