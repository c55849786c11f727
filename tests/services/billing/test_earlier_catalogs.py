"""A catalog that was applied before its text was checked: its names have control characters."""

from tests.support.app import App
from tests.support.call import call
from tests.support.invoices import close

NAME = "Hob\nby\x07\x1b[31m"


def test_names_with_control_characters_are_billed_mailed_and_listed(app: App) -> None:
    plans = app.catalog_data()["plans"]
    plans["pro"] |= {"display_name": NAME, "description": NAME}
    meters = app.catalog_data()["meters"]
    meters["cpu_seconds"] |= {"unit": NAME}
    app.apply_catalog(plans=plans, meters=meters, free_plan="pro")
    member = app.member()
    app.record(app.event(member, quantity=5_000_000))
    assert call("GET", "/v1/user-management/plans").status == 200
    invoice = close(app, member)
    assert invoice.plan_name == NAME
    sent = app.deliver().mails_to(member.user.email)
    assert len(sent) == 2
    assert not any(set(mail.subject) & set("\n\r\x07\x1b") for mail in sent)
    for path in ("current", "invoices", f"invoices/inv-{invoice.id}", "periods", "history"):
        assert call("GET", f"/v1/billing/{path}", key=member.api_key).status == 200
    app.apply_catalog(plans=plans | {"more": plans["hobby"]}, free_plan="pro")
    assert app.ctx.catalogs.current().plans["pro"].display_name == NAME
