"""Quotas: allocations, quota requests, and usage."""

from quotas import allocations, requests, usage
from tallybook.http import lambda_handler, make_app

app = make_app(allocations.router, requests.router, usage.router)
handler = lambda_handler(app)
