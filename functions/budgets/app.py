"""The budget: its terms, status and messages."""

from budgets import budget
from tallybook.http import lambda_handler, make_app

app = make_app(budget.router)
handler = lambda_handler(app)
