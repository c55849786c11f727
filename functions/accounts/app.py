"""Accounts, their email, subscriptions and audit log; also the 404 of unknown paths."""

from accounts import audit_log, email, profile, subscriptions
from tallybook.http import lambda_handler, make_app

app = make_app(profile.router, subscriptions.router, email.router, audit_log.router)
handler = lambda_handler(app)
