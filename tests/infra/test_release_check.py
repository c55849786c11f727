"""The check of `make deploy`: it passes, refuses with one line before any change, or says that it can't tell."""

import pytest

from infra import release_check
from infra.release_check import main
from infra.release_outputs import outputs_of, release_of
from infra.stack import stack_name
from infra.stage import STAGES
from tallybook import runtime
from tallybook.domain.formats import THIS, Formats, Release
from tallybook.services.releases.formats import find_formats
from tallybook.store.formats import put_formats
from tests.cli.aws import Aws, aws
from tests.support.app import App
from tests.support.cloud import NAMES
from tests.support.template import Synthesized

TABLES = {"CoreTable": NAMES["core"], "UsageTable": NAMES["usage"]}


@pytest.fixture
def stack(empty_app: App, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The stack of production, with the app's tables, deployed with this code."""
    monkeypatch.setattr(runtime, "dynamodb", lambda *_: empty_app.client)
    with aws("tallybook-production") as stub:
        stub.outputs = TABLES | outputs_of(THIS)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", stub.url)
        yield stub


def test_a_stage_that_does_not_exist_yet_passes(
    stack: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stack = "another"
    assert main("production") == 0
    assert capsys.readouterr().out == "production: there is no data yet\n"


def test_a_stack_whose_creation_failed_passes(stack: Aws) -> None:
    stack.outputs, stack.status = {}, "ROLLBACK_COMPLETE"
    assert main("production") == 0


def test_a_new_stage_has_the_format_of_its_first_deployment(
    stack: Aws, empty_app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("production") == 0
    assert capsys.readouterr().out == "production: the data has format 2; this code reads 1, 2 and writes 2\n"
    formats = find_formats(empty_app.ctx)
    assert (formats.stored, formats.writes) == ((2,), 2)


def test_a_stage_of_a_release_without_the_outputs_passes_and_is_recorded(stack: Aws, app: App) -> None:
    stack.outputs = TABLES
    assert main("production") == 0
    assert find_formats(app.ctx) == Formats((1, 2))
    stack.outputs = TABLES | outputs_of(THIS)
    assert main("production") == 0
    assert find_formats(app.ctx).writes == 2


def test_a_rollback_to_code_that_can_not_read_the_data_is_refused(
    stack: Aws, app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    app.ctx.tables.write(put_formats(Formats((2, 3), 3, app.clock.now())))
    stack.outputs = TABLES | outputs_of(Release((2, 3), 3))
    assert main("production") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("production can't be deployed: The data has formats 2 and 3, and this code reads")
    assert find_formats(app.ctx).stored == (2, 3)


def test_a_format_that_the_deployed_release_can_not_read_is_refused(
    stack: Aws, app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.outputs = TABLES | outputs_of(Release((1,), 1))
    assert main("production") == 1
    assert "first deploy a release that reads format 2 and still writes format 1" in capsys.readouterr().err


def test_a_running_deployment_is_waited_for(stack: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    stack.status = "UPDATE_IN_PROGRESS"
    assert main("production") == 1
    assert "tallybook-production is UPDATE_IN_PROGRESS" in capsys.readouterr().err


def test_what_can_not_be_told_is_2(
    stack: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("local") == 2
    assert "There is no stage 'local' to deploy" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    assert main("production") == 2
    assert "The formats of production can't be checked: Could not connect" in capsys.readouterr().err


def test_the_stack_says_what_its_release_reads_and_writes(production: Synthesized) -> None:
    outputs = {name: output["Value"] for name, output in production.template["Outputs"].items()}
    assert release_of(outputs) == THIS
    assert release_of(TABLES) is None
    assert [f"tallybook-{name}" for name in STAGES] == [stack_name(stage) for stage in STAGES.values()]
    assert (release_check.PASSED, release_check.REFUSED, release_check.UNKNOWN) == (0, 1, 2)
