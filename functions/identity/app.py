"""Sign-up, sign-in, passwords, our own pages, API keys and users."""

from identity import api_keys, auth, pages, passwords, users
from tallybook.http import lambda_handler, make_app

app = make_app(auth.router, passwords.router, pages.router, api_keys.router, users.router)
handler = lambda_handler(app)
