"""The platform's side: usage, sessions and credits."""

from metering import credits, events, sessions
from tallybook.http import lambda_handler, make_app

app = make_app(events.router, sessions.router, credits.router)
handler = lambda_handler(app)
