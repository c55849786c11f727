"""The commands about the catalog and platform keys."""

import json
from pathlib import Path

import pytest

from tests.support.app import CATALOG
from tests.support.call import call
from tests.support.cloud import NAMES


@pytest.fixture(autouse=True)
def _tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORE_TABLE", NAMES["core"])
    monkeypatch.setenv("USAGE_TABLE", NAMES["usage"])


@pytest.fixture
def invalid_file(tmp_path: Path) -> Path:
    text = (
        CATALOG.read_text().replace('price = "20"', 'price = "cheap"').replace('free_plan = "hobby"', "free_plan = 7")
    )
    file = tmp_path / "catalog.toml"
    file.write_text(text)
    return file


def test_the_bundles_catalog_is_valid(tallybook):
    run = tallybook("catalog", "check", CATALOG)
    assert run.code == 0
    assert "valid, with 3 plans" in run.out


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_each_invalid_key_has_a_line_and_nothing_is_applied(empty_app, tallybook, invalid_file, verb):
    run = tallybook("catalog", verb, invalid_file)
    assert run.code == 1
    assert f"tallybook: {invalid_file}: plans.pro.price: must be a decimal in quotes" in run.err.splitlines()
    assert any("free_plan" in line for line in run.err.splitlines())
    assert empty_app.stored("core") == []


def test_invalid_keys_are_printed_as_json(tallybook, invalid_file):
    run = tallybook("catalog", "check", "--json", invalid_file)
    assert run.code == 1
    assert len(json.loads(run.out)["errors"]) == 2


def test_a_catalog_applied_again_makes_no_new_version(empty_app, tallybook, tmp_path):
    changed = tmp_path / "changed.toml"
    changed.write_text(CATALOG.read_text().replace('price = "20"', 'price = "21"'))
    outputs = [tallybook("catalog", "apply", file).out for file in (CATALOG, CATALOG, changed)]
    assert outputs == [f"Catalog version {number} is current\n" for number in (1, 1, 2)]
    assert json.loads(tallybook("catalog", "apply", "--json", changed).out) == {"version": 2}


def test_a_platform_key_is_printed_once_and_limited_to_its_scopes(app, tallybook):
    run = tallybook("platform-keys", "create", "--name", "meter", "--scope", "usage:write")
    text = run.out.strip()
    event = app.event(app.member())
    assert call("POST", "/v1/platform/events", key=text, body=event).json["data"]["accepted"] == 1
    assert call("POST", "/v1/platform/credits", key=text, body={}).status in (400, 403)
    assert text not in run.err
    assert not any(text in str(item) for item in app.stored("core"))


def test_a_platform_key_is_printed_as_json(app, tallybook):
    scopes = ["usage:write", "sessions:write"]
    options = [option for scope in scopes for option in ("--scope", scope)]
    created = json.loads(tallybook("platform-keys", "create", "--json", "--name", "meter", *options).out)
    assert (created["name"], created["scopes"], created["key"][:3]) == ("meter", scopes, "pk-")


def test_an_unknown_scope_is_refused_with_the_known_ones(app, tallybook):
    run = tallybook("platform-keys", "create", "--name", "meter", "--scope", "everything")
    assert run.code == 1
    assert run.err == "tallybook: scopes must be one or more of usage:write, sessions:write, accounts:admin\n"


def test_a_missing_table_is_reported_in_one_line(app, tallybook, monkeypatch):
    monkeypatch.setenv("CORE_TABLE", "elsewhere")
    run = tallybook("catalog", "apply", CATALOG)
    assert run.code == 1
    assert run.err.startswith("tallybook: AWS: ")
    assert len(run.err.splitlines()) == 1


def test_a_missing_setting_is_reported_in_one_line(tallybook, monkeypatch):
    monkeypatch.delenv("USAGE_TABLE")
    run = tallybook("catalog", "apply", CATALOG)
    assert (run.code, run.err) == (
        2,
        "tallybook: TALLYBOOK_STACK is not set; for the local bundle: source .local/env\n",
    )
