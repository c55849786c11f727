"""Bills, periods and invoices."""

from billing import invoices, periods
from tallybook.http import lambda_handler, make_app

app = make_app(periods.router, invoices.router)
handler = lambda_handler(app)
