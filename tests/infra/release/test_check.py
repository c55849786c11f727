"""The check of `make deploy`: it passes and is recorded, or refuses with one line before any change."""

import pytest

from infra.release.check import check_stack
from infra.release.outputs import outputs_of, release_of
from tallybook import runtime
from tallybook.domain.formats import THIS, FormatRefused, Formats, Release
from tallybook.services.releases.formats import find_formats
from tallybook.store.formats import put_formats
from tests.support.app import App
from tests.support.cloud import NAMES
from tests.support.template import Synthesized

TABLES = {"CoreTable": NAMES["core"], "UsageTable": NAMES["usage"]}


@pytest.fixture(autouse=True)
def _tables_of_the_app(empty_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "dynamodb", lambda *_: empty_app.client)


def test_a_stack_without_tables_passes() -> None:
    assert check_stack({}) == "there is no data yet"


def test_a_new_stage_has_the_format_of_its_first_deployment(empty_app: App) -> None:
    passed = check_stack(TABLES | outputs_of(THIS))
    assert passed == "the data has format 2; this code reads 1, 2 and writes 2"
    formats = find_formats(empty_app.ctx)
    assert (formats.stored, formats.writes) == ((2,), 2)


def test_a_stage_of_a_release_without_the_outputs_passes_and_is_recorded(app: App) -> None:
    check_stack(TABLES)
    assert find_formats(app.ctx) == Formats((1, 2))
    check_stack(TABLES | outputs_of(THIS))
    assert find_formats(app.ctx).writes == 2


def test_going_back_to_a_release_without_outputs_brings_back_its_formats(app: App) -> None:
    app.ctx.tables.write(put_formats(Formats((2,), 2, app.clock.now())))
    check_stack(TABLES)
    assert find_formats(app.ctx) == Formats((1, 2))


def test_a_rollback_to_code_that_can_not_read_the_data_is_refused(app: App) -> None:
    app.ctx.tables.write(put_formats(Formats((2, 3), 3, app.clock.now())))
    with pytest.raises(FormatRefused) as refused:
        check_stack(TABLES | outputs_of(Release((2, 3), 3)))
    assert refused.value.message.startswith("The data has formats 2 and 3, and this code reads")
    assert find_formats(app.ctx).stored == (2, 3)


def test_a_format_that_the_deployed_release_can_not_read_is_refused(app: App) -> None:
    with pytest.raises(FormatRefused) as refused:
        check_stack(TABLES | outputs_of(Release((1,), 1)))
    assert "first deploy a release that reads format 2 and still writes format 1" in refused.value.message


def test_the_stack_says_what_its_release_reads_and_writes(production: Synthesized) -> None:
    outputs = {name: output["Value"] for name, output in production.template["Outputs"].items()}
    assert release_of(outputs) == THIS
    assert release_of(TABLES) is None
