"""ScaleBox's paths of bills and budgets."""

from tallybook.openapi.answers import billing, budgets
from tallybook.openapi.operations.operation import Area, Operation

_LIMIT = {429: ("too_many_requests",)}
_TERMS = ("invalid_email", "invalid_thresholds")

BUDGETS = Area(
    "Budget",
    "What the account plans to spend in a period, and the alerts about it.",
    {
        ("GET", "/v1/budgets"): Operation(
            "getBudget", "The budget, or null", "root", budgets.Budget, example="budget", nullable=True
        ),
        ("POST", "/v1/budgets"): Operation(
            "createBudget",
            "Create the budget",
            "root",
            budgets.Budget,
            status=201,
            example="budget",
            refusals={400: _TERMS, 409: ("budget_exists",), **_LIMIT},
        ),
        ("PUT", "/v1/budgets"): Operation(
            "changeBudget",
            "Change its terms",
            "root",
            budgets.Budget,
            example="budget",
            refusals={400: _TERMS, 404: ("not_found",), **_LIMIT},
        ),
        ("DELETE", "/v1/budgets"): Operation(
            "deleteBudget", "Delete it", "root", refusals={404: ("not_found",), **_LIMIT}
        ),
        ("GET", "/v1/budgets/status"): Operation(
            "getBudgetStatus",
            "What is used, and the forecast; null without a budget",
            "root",
            budgets.BudgetStatus,
            example="budget_status",
            nullable=True,
        ),
        ("GET", "/v1/budgets/messages"): Operation(
            "listBudgetMessages",
            "Its alerts, newest first",
            "root",
            budgets.BudgetMessageList,
            example="budget_messages",
        ),
    },
)

BILLING = Area(
    "Bills",
    "The estimate of the current period, the history of costs, and invoices.",
    {
        ("GET", "/v1/billing/current"): Operation(
            "getCurrentBill",
            "The bill of the current period so far",
            "user",
            billing.CurrentBill,
            example="billing_current",
        ),
        ("GET", "/v1/billing/periods"): Operation(
            "listBillingPeriods", "Every period", "user", billing.BillingPeriodList, example="billing_periods"
        ),
        ("GET", "/v1/billing/history"): Operation(
            "getBillingHistory",
            "The costs of a range of days, and of its sessions",
            "user",
            billing.BillingHistory,
            example="billing_history",
            refusals={400: ("invalid_date_range",)},
            description="The range has at most 366 days, and is by default the last 30.",
        ),
        ("GET", "/v1/billing/invoices"): Operation(
            "listInvoices", "Invoices and drafts, newest first", "user", billing.InvoiceList, example="billing_invoices"
        ),
        ("GET", "/v1/billing/invoices/{invoice_id}"): Operation(
            "getInvoice",
            "One invoice or draft",
            "user",
            billing.Invoice,
            example="billing_invoice",
            refusals={403: ("foreign_invoice",)},
        ),
        ("POST", "/v1/billing/invoice/generate"): Operation(
            "generateInvoice",
            "Write and show the draft of the open period",
            "user",
            billing.Invoice,
            example="billing_invoice",
            refusals=_LIMIT,
        ),
    },
)
