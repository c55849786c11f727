"""Every mail keeps its look in Outlook for Windows, whose engine ignores padding outside cells, and max-width."""

import re

import pytest

from tallybook.gateways.templates import TEMPLATES
from tests.gateways.rendering import render_sample
from tests.gateways.word import Element, as_word_reads, elements_for_word
from tests.support.markup import Markup

EACH_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES)
LINKED = ("invitation", "password_reset", "password_changed", "api_key_created")
WITH_BUTTON = (*LINKED, "email_change_current", "email_change_new")
WIDTH = "560"


def elements(template: str, *tags: str) -> list[Element]:
    """What Word reads in the body, of these tags or all."""
    found = elements_for_word(render_sample(template).html)
    body = [element for element in found if element.tag == "body" or any(one.tag == "body" for one in element.inside)]
    return [element for element in body if element.tag in tags or not tags]


@EACH_TEMPLATE
def test_padding_is_on_cells_only(template: str) -> None:
    for element in elements(template):
        padded = {name: value for name, value in element.style.items() if name.startswith("padding") and value != "0"}
        assert not padded or element.tag in ("td", "th"), element


@EACH_TEMPLATE
def test_every_cell_names_its_font_size_and_color(template: str) -> None:
    cells = elements(template, "td", "th")
    assert cells
    for cell in cells:
        assert "Arial" in cell.style.get("font-family", ""), cell
        assert {"font-size", "color"} <= cell.style.keys(), cell
    assert {cell.style["font-family"] for cell in cells} == {"Helvetica,Arial,sans-serif"}


@EACH_TEMPLATE
def test_all_text_has_the_one_font(template: str) -> None:
    others = [element for element in elements(template) if "font-family" in element.style]
    assert {element.style["font-family"] for element in others} == {"Helvetica,Arial,sans-serif"}
    for heading in elements(template, "h1"):
        assert {"font-family", "color", "font-size"} <= heading.style.keys()


@EACH_TEMPLATE
def test_word_gets_the_width_from_a_table_around_everything(template: str) -> None:
    html = render_sample(template).html
    outer = [table for table in elements(template, "table") if table.attributes.get("width") == WIDTH]
    assert len(outer) == 1
    assert outer[0].attributes["align"] == "center"
    assert f'width="{WIDTH}"' not in re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL), "others use max-width"
    for element in elements(template, "h1", "p"):
        assert outer[0] in element.inside
    assert all(outer[0] in element.inside for element in elements(template) if "max-width" in element.style)


@EACH_TEMPLATE
def test_every_other_table_is_as_wide_as_its_cell_or_its_content(template: str) -> None:
    for table in elements(template, "table"):
        assert table.attributes.get("width") in ("100%", WIDTH, None)
        assert (table.attributes["cellpadding"], table.attributes["cellspacing"], table.attributes["border"]) == (
            *("0", "0"),
            "0",
        )
        assert not [name for name in table.style if name.startswith(("margin", "border-radius", "border-top"))]


@EACH_TEMPLATE
def test_every_color_behind_text_is_an_attribute_too(template: str) -> None:
    colored = [element for element in elements(template) if "background-color" in element.style]
    assert colored
    for element in colored:
        assert element.tag in ("body", "table", "td")
        assert element.attributes["bgcolor"] == element.style["background-color"]


@EACH_TEMPLATE
def test_nothing_depends_on_layout_that_word_does_not_know(template: str) -> None:
    assert not elements(template, "div", "section", "img", "ul", "ol", "li")
    unknown = {"display", "float", "position", "flex", "grid", "width", "height", "box-shadow"}
    assert not [element for element in elements(template) if unknown & element.style.keys()]


@pytest.mark.parametrize("template", WITH_BUTTON)
def test_a_button_is_a_colored_padded_cell(template: str) -> None:
    (button,) = [link for link in elements(template, "a") if link.style["color"] == "#ffffff"]
    cell = button.within("td")
    assert cell.attributes["bgcolor"] == "#1a56b0"
    assert re.fullmatch(r"1\dpx 2\dpx", cell.style["padding"])
    assert {"font-family", "font-size", "text-decoration"} <= button.style.keys()
    assert cell.within("table").attributes.get("width") is None, "as wide as its label"


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one not in WITH_BUTTON])
def test_only_mails_with_a_link_have_a_button(template: str) -> None:
    assert not [link for link in elements(template, "a") if link.style["color"] == "#ffffff"]


@EACH_TEMPLATE
def test_what_word_reads_is_balanced_and_has_the_same_text(template: str) -> None:
    html = render_sample(template).html
    assert Markup(as_word_reads(html)).text.endswith(Markup(html).text)
    assert "<o:PixelsPerInch>96</o:PixelsPerInch>" in as_word_reads(html)


@EACH_TEMPLATE
def test_the_mail_stays_below_the_size_at_which_gmail_cuts_it(template: str) -> None:
    assert len(render_sample(template).html.encode()) < 30_000
