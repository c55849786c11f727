"""`tallybook catalog`: the file as other systems write it, errors in the catalog's words, and showing a version."""

import json
from pathlib import Path

import pytest

from tallybook.cli.catalog_file import read_catalog
from tests.support.app import CATALOG


@pytest.fixture
def changed(tmp_path):
    """A catalog file with a text replaced."""

    def changed(old="", new=""):
        file = tmp_path / "catalog.toml"
        file.write_text(CATALOG.read_text().replace(old, new))
        return file

    return changed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_with_a_byte_order_mark_or_of_powershell_is_read(changed, tallybook, encoding):
    file = changed()
    file.write_bytes(CATALOG.read_text().replace("\n", "\r\n").encode(encoding))
    assert read_catalog(file) == read_catalog(CATALOG)
    assert tallybook("catalog", "check", file).code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = \n", "line 1, column 5: this is not TOML: invalid value"),
        (b"\xff\xff", "this is not text in UTF-8 or UTF-16"),
        (b"PK\x03\x04", "is a zip archive, which can't be read"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "a number in it is too long"),
    ],
)
def test_what_is_no_catalog_is_said_in_one_line(tallybook, tmp_path, content, message):
    file = tmp_path / "catalog.toml"
    file.write_bytes(content)
    run = tallybook("catalog", "check", file)
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert message in run.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('price = "20"', "price = 20", 'plans.pro.price: must be text in quotes, like "0.05", not 20'),
        ('price = "20"', 'prise = "20"', "plans.pro.prise: is not a key that the catalog knows, not"),
        ('price = "20"', 'prise = "20"', "plans.pro.price: is missing"),
        ('billing_interval = "month"', 'billing_interval = "week"', "must be 'month' or 'year', not \"week\""),
        ("[plans.pro]", "[plans.Pro]", "plans.Pro: must begin with a small letter"),
    ],
)
def test_a_wrong_value_is_named_in_the_catalogs_words(changed, tallybook, old, new, message):
    run = tallybook("catalog", "check", changed(old, new), "--json")
    assert run.code == 1
    error = json.loads(run.out)
    assert message.removesuffix(", not") in "\n".join(error["errors"])
    assert error["message"].splitlines() == error["errors"]
    assert error["code"] == "invalid_request"


def test_a_shown_version_is_a_file_that_can_be_applied_again(operator_app, changed, tallybook, tmp_path):
    tallybook("catalog", "apply", changed('display_name = "Pro"', 'display_name = "Pro \\"é\\" \\\\"'))
    current, first = (tallybook("catalog", "show", *option) for option in ((), ("--version", "1")))
    assert current.err.startswith("tallybook: catalog version 2, applied 2026-")
    file = tmp_path / "shown.toml"
    for run, source in ((current, tmp_path / "catalog.toml"), (first, CATALOG)):
        file.write_text(run.out)
        assert read_catalog(file) == read_catalog(source)
    shown = json.loads(tallybook("catalog", "show", "--json").out)
    assert (shown["version"], shown["catalog"]) == (2, read_catalog(tmp_path / "catalog.toml"))
    assert tallybook("catalog", "apply", Path(file)).out == "Catalog version 3 is current\n"


def test_a_version_that_does_not_exist_is_said(operator_app, tallybook):
    run = tallybook("catalog", "show", "--version", "9")
    assert (run.code, run.err) == (1, "tallybook: There is no such version of the catalog\n")
