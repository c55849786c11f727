"""What AWS answers about the account and the stack, and what it refuses, becomes one line."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from infra.deploy import __main__ as command
from infra.deploy.request import Refused
from infra.deploy.target import LOCAL_SETTINGS, Target, find_stack, find_target, is_bootstrapped

HERE = Target("123456789012", "eu-west-1", None)


class Answers:
    """A client whose every call answers, or raises, what the test says."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __getattr__(self, _: str) -> Any:
        def call(**_: Any) -> Any:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return call


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} it is"}}, "Call")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers(None)
    monkeypatch.setattr(Target, "client", lambda *_: answers)
    return answers


def test_the_account_is_that_of_the_credentials(aws: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.answer = {"Account": "123456789012"}
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert find_target() == Target("123456789012", "eu-north-1", None)
    assert str(find_target()) == "AWS account 123456789012, eu-north-1"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert str(find_target()).endswith(", at http://127.0.0.1:4566")


def test_without_a_region_or_credentials_it_is_refused(aws: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.answer = NoCredentialsError()
    with pytest.raises(Refused, match="No AWS credentials: set AWS_PROFILE"):
        find_target()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(Refused, match="No AWS region: set AWS_REGION"):
        find_target()


def test_an_endpoint_that_is_no_url_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    with pytest.raises(Refused, match=r"^AWS: Invalid endpoint: localhost:4566$"):
        find_target()


def test_bootstrap_needs_no_settings_of_the_stage(aws: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.answer = {"Account": "123456789012"}
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("STAGE", "production")
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(command, "run_cdk", lambda _, *arguments: calls.append(arguments))
    command.main(["bootstrap"])
    [arguments] = calls
    assert arguments[:2] == ("bootstrap", "aws://123456789012/eu-west-1")
    assert arguments[-2:] == ("--app", "")


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_stack_that_was_never_created_is_none(aws: Answers, status: str) -> None:
    aws.answer = {"Stacks": [{"StackStatus": status}]}
    assert find_stack(HERE, "tallybook-dev") is None
    aws.answer = refusal("ValidationError")
    assert find_stack(HERE, "tallybook-dev") is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_exists_has_its_outputs(aws: Answers, status: str) -> None:
    aws.answer = {"Stacks": [{"StackStatus": status, "Outputs": [{"OutputKey": "ApiUrl", "OutputValue": "https://x"}]}]}
    existing = find_stack(HERE, "tallybook-dev")
    assert existing is not None
    assert existing.outputs == {"ApiUrl": "https://x"}


def test_a_denied_call_is_not_taken_for_a_missing_stack(aws: Answers) -> None:
    aws.answer = refusal("AccessDenied")
    with pytest.raises(Refused, match="AccessDenied"):
        find_stack(HERE, "tallybook-dev")
    with pytest.raises(Refused, match="AccessDenied"):
        is_bootstrapped(HERE)


def test_an_account_is_bootstrapped_if_the_cdk_left_its_parameter(aws: Answers) -> None:
    assert is_bootstrapped(HERE)
    aws.answer = refusal("ParameterNotFound")
    assert not is_bootstrapped(HERE)


def test_what_the_local_bundle_set_does_not_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOCAL_SETTINGS:
        monkeypatch.setenv(name, "local")
    variables = HERE.variables
    assert not set(LOCAL_SETTINGS) & variables.keys()
    assert (variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")


def test_make_smoke_says_what_is_missing(
    aws: Answers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    aws.answer = {"Account": "123456789012", "Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(SystemExit) as ended:
        command.main(["smoke"])
    assert ended.value.code == 2
    place = "AWS account 123456789012, eu-west-1"
    assert capsys.readouterr().err == f"There is no stack tallybook-dev in {place}: run make deploy STAGE=dev\n"
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("TALLYBOOK_LOCAL_DIR", str(tmp_path))
    with pytest.raises(SystemExit):
        command.main(["smoke"])
    assert capsys.readouterr().err == "There is no local bundle: start it with make run\n"
