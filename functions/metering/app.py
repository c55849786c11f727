"""The platform's endpoints: usage, sessions, credits, and accounts."""

from metering import accounts, credits, events, sessions
from tallybook.http import lambda_handler, make_app

app = make_app(events.router, sessions.router, credits.router, accounts.router)
handler = lambda_handler(app)
