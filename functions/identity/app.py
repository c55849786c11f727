"""Sign-up, sign-in, passwords, the page that confirms an email, API keys and users."""

from identity import api_keys, auth, email, passwords, users
from tallybook.http import lambda_handler, make_app

app = make_app(auth.router, passwords.router, email.router, api_keys.router, users.router)
handler = lambda_handler(app)
