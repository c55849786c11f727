"""Accounts and their subscriptions; also the answer to paths that nobody has."""

from accounts import subscriptions
from tallybook.http import lambda_handler, make_app

app = make_app(subscriptions.router)
handler = lambda_handler(app)
