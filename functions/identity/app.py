"""Signing up and in, API keys, and who one is."""

from identity import api_keys, auth, users
from tallybook.http import lambda_handler, make_app

app = make_app(auth.router, api_keys.router, users.router)
handler = lambda_handler(app)
