"""What an account means to spend, how far it has come, and what it was told."""

from budgets import budget
from tallybook.http import lambda_handler, make_app

app = make_app(budget.router)
handler = lambda_handler(app)
