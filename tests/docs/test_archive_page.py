"""The archive's page names attributes that are stored, with the types that DynamoDB's exports give them."""

import re
from typing import Any

import pytest

from tests.docs.athena import images, queries, tables
from tests.support.app import App
from tests.support.call import call


@pytest.fixture
def history(app: App) -> App:
    """A closed period with an invoice, an event with each attribute, a late one, and one that the wallet paid."""
    member, session = app.member(), "0199a1b2-0000-7000-8000-000000000001"
    user = {"user_id": member.user_id, "session_id": session, "app_id": "my-app"}
    body = app.event(member, quantity=150_000, **user)
    assert call("POST", "/v1/platform/events", key=app.platform_key(), body=body).status == 200
    app.record(app.event(member, meter="container_minutes", quantity=60, sku="M", **user))
    app.record(app.event(member, meter="credits", quantity=1, **user))
    used = app.event(member, quantity=1_000)
    app.clock.advance(days=31)
    app.invoice_due()
    app.record(used)
    return app


@pytest.mark.parametrize("table", ["usage", "core"])
def test_each_column_of_an_image_is_a_stored_attribute_of_its_type(history: App, table: str) -> None:
    columns = tables()[f"{table}_changes"]["newimage"]
    stored = images(history, table)
    assert isinstance(columns, dict)
    for name, kind in columns.items():
        found = [item[name] for item in stored if name in item]
        assert found, f"no item has {name}"
        assert any(_fits(value, kind) for value in found), f"{name} is stored as {found[0]}, not as {kind}"


def test_a_marker_has_each_attribute_in_one_of_the_types_of_its_column(history: App) -> None:
    columns = tables()["usage_changes"]["newimage"]
    markers = [item for item in images(history, "usage") if item["sk"]["S"] == "EVENT"]
    assert len(markers) == 4
    for marker in markers:
        assert all(_fits(marker[name], columns[name]) for name in columns.keys() & marker.keys())
        assert set(marker) - columns.keys() == {"pk", "sk", "content", "expires"}


def test_the_queries_name_columns_of_their_tables_only() -> None:
    assert len(queries()) == 3
    for query in queries():
        named = set(re.findall(r'newimage\."?(\w+)', query))
        known = {name for table in tables() if table in query for name in tables()[table]["newimage"]}
        assert named
        assert named <= known


def _fits(value: Any, kind: Any) -> bool:
    """Whether DynamoDB's JSON of a value can be read as a column of this type."""
    if kind == "string":
        return True
    if isinstance(kind, list):
        return all(_fits(part, kind[0]) for part in value)
    ((letter, content),) = value.items() if set(value) <= {*"SNBLM"} else [(None, value)]
    if letter is None:  # the attributes of a map
        return all(_fits(value[name], part) for name, part in kind.items() if name in value)
    return letter == "NULL" or (letter.lower() in kind and _fits(content, kind[letter.lower()]))
