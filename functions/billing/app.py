"""What an account owes."""

from billing import current
from tallybook.http import lambda_handler, make_app

app = make_app(current.router)
handler = lambda_handler(app)
