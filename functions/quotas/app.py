"""Quotas: users' shares of the plan, their requests for more, and what they have used of them."""

from quotas import allocations, requests, usage
from tallybook.http import lambda_handler, make_app

app = make_app(allocations.router, requests.router, usage.router)
handler = lambda_handler(app)
