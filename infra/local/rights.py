"""Lets the emulated cloud enforce the functions' rights as AWS does. This file runs in the emulator's own Python."""

import json
from email.utils import parseaddr
from typing import Any

from callers import token_of
from item_rights import authorize_by_keys_and_attributes
from ministack import app  # installed in the emulator's environment
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from operations import authorize_the_operation_that_runs

_BATCH = "Batch"
_MAILS = "/v2/email/outbound-emails"


def enforce_rights_as_aws(secret: str) -> None:
    """Call it once in a process, before the first request; `secret` is the secret access key of this checkout."""
    _make_sessions_unguessable(secret)
    _count_loopback_as_encrypted()
    authorize_the_operation_that_runs()
    authorize_by_keys_and_attributes()
    _authorize_batches_as_single_messages()
    _authorize_mails_by_sender()


def _make_sessions_unguessable(secret: str) -> None:
    """Let the credentials of functions depend on the secret; the emulator derives them from names alone."""
    credentials = lambda_runtime.execution_credentials

    def with_secret(config: dict[str, Any]) -> dict[str, str]:
        return credentials({**config, "FunctionArn": f"{config['FunctionArn']}:{token_of(secret)}"})

    lambda_runtime.execution_credentials = with_secret


def _count_loopback_as_encrypted() -> None:
    """Let the policies that refuse plain HTTP (`aws:SecureTransport`) accept it: it doesn't leave this computer."""
    pin_origin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin_origin(address, True)


def _authorize_batches_as_single_messages() -> None:
    """`sqs:SendMessage` allows SendMessageBatch too; AWS has no action of that name."""
    extract = iam_actions.extract_iam_action

    def extract_single(*request: Any) -> str | None:
        action = extract(*request)
        return action.removesuffix(_BATCH) if action and action.startswith("sqs:") else action

    iam_actions.extract_iam_action = extract_single


def _authorize_mails_by_sender() -> None:
    """A mail needs the right to its identity and its configuration set, on the condition `ses:FromAddress`.

    The emulator knows neither.
    """
    enforce = app._enforce_ses_v2

    def enforce_mail(*request: Any) -> Any:
        _, path, headers, body, query, request_id = request
        if path.rstrip("/") != _MAILS:
            return enforce(*request)
        sender, resources = _sender_and_resources(body)
        checks = (
            app._enforce_data_plane(
                "sesv2",
                "ses:SendEmail",
                headers,
                query,
                request_id,
                resource_arn=f"arn:aws:ses:{get_region()}:{get_account_id()}:{resource}",
                service_context={"ses:fromaddress": sender},
            )
            for resource in resources
        )
        return next(filter(None, checks), None)

    app._enforce_ses_v2 = enforce_mail


def _sender_and_resources(body: bytes) -> tuple[str, list[str]]:
    mail = json.loads(body)
    sender = parseaddr(mail.get("FromEmailAddress", ""))[1]
    configuration_set = mail.get("ConfigurationSetName")
    identity = f"identity/{sender.rpartition('@')[2]}"
    return sender, [identity, *([f"configuration-set/{configuration_set}"] if configuration_set else [])]
