"""A catalog's names are on bills and in mails: they can be seen, on one line."""

from typing import Any

import pytest

from tallybook.cli.catalog_file import check_catalog, read_catalog
from tallybook.domain.errors import Invalid
from tests.support.app import CATALOG

TEXTS = ["plans.pro.display_name", "plans.pro.description", "meters.cpu_seconds.unit", "packages.starter.name"]


def catalog_with(path: str, text: str) -> dict[str, Any]:
    data = read_catalog(CATALOG)
    *parents, name = path.split(".")
    at = data
    for parent in parents:
        at = at[parent]
    at[name] = text
    return data


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("text", [" ", "\u200b", "\u3164\u2800", "a\x00", "a\x1b[31m"])
def test_a_text_that_is_invisible_or_has_control_characters_is_named(path: str, text: str) -> None:
    with pytest.raises(Invalid, match=f"^catalog.toml: {path}: "):
        check_catalog(catalog_with(path, text), source="catalog.toml")


@pytest.mark.parametrize("text", ["", "two\nlines\twith a tab"])
def test_a_description_may_be_empty_or_have_line_breaks(text: str) -> None:
    data = catalog_with("plans.pro.description", text)
    assert check_catalog(data, source="catalog.toml")["plans"]["pro"]["description"] == text


@pytest.mark.parametrize("path", TEXTS[:1] + TEXTS[2:])
def test_a_name_has_no_line_breaks(path: str) -> None:
    with pytest.raises(Invalid):
        check_catalog(catalog_with(path, "two\nlines"), source="catalog.toml")
