"""Calls from the client to moto without HTTP and without repeated conversions."""

import json
from types import SimpleNamespace
from typing import Any

from tests.support.binary import decode_binary

_ACTIONS = {
    "BatchGetItem": "batch_get_item",
    "DeleteItem": "delete_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}


def call_directly(client: Any) -> None:
    """The client validates and serializes its request as always; moto's handler then gets the body without HTTP.

    This leaves out the endpoint, the signature and the headers. The client's own parser still reads the errors. Calls
    that aren't about items take the usual way.
    """
    from moto.core.exceptions import HTTPException
    from moto.dynamodb.models import dynamodb_backends
    from moto.dynamodb.responses import DynamoHandler

    class Handler(DynamoHandler):
        dynamodb_backend = property(lambda _: dynamodb_backends["123456789012"][client.meta.region_name])

        def __init__(self, body: dict[str, Any]) -> None:
            super().__init__()
            self.body = self.params = body
            self.uri_match: dict[str, Any] = {}

    def answer(model: Any, params: dict[str, Any], **_: Any) -> Any:
        if model.name not in _ACTIONS:
            return None
        try:
            result = getattr(Handler(json.loads(params["body"])), _ACTIONS[model.name])().result
        except HTTPException as error:
            return SimpleNamespace(status_code=error.code), _error(client, model, error)
        known = {name: value for name, value in result.items() if name in model.output_shape.members}
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
        text = json.dumps(known, default=lambda value: {value.type: value.value})
        answer = json.loads(text, object_hook=decode_binary if '"B": "' in text else None)
        return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": metadata}

    client.meta.events.register("before-call.dynamodb", answer)
    agent = client._user_agent_creator.to_string()
    client._user_agent_creator.to_string = lambda: agent
    client._resolve_endpoint_ruleset = lambda *_, **__: (client.meta.endpoint_url, {}, {})


def _error(client: Any, model: Any, error: Any) -> dict[str, Any]:
    from botocore.parsers import create_parser

    parser = create_parser(model.service_model.resolved_protocol)
    response = {"status_code": error.code, "headers": dict(error.get_headers()), "body": error.description.encode()}
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)
    client._endpoint._add_modeled_error_fields(response, parsed, model, parser)
    return parsed


def serialize_answers_once() -> None:
    """Moto converts results to plain values before it writes JSON, although the JSON encoder converts them too."""
    from moto.core.responses import ActionResult
    from moto.dynamodb import responses
    from moto.dynamodb.models.utilities import dynamo_to_dict

    class Unconverted(ActionResult):
        def execute_result(self, context: Any) -> Any:
            return ActionResult(dynamo_to_dict(self.result)).execute_result(context)

    responses.DynamoResult = Unconverted


def read_text_directly() -> None:
    """Most attributes are text, which boto3 dispatches by name like every other type."""
    from boto3.dynamodb.types import TypeDeserializer

    original = TypeDeserializer.deserialize

    def deserialize(self: Any, value: dict[str, Any]) -> Any:
        return value["S"] if value.keys() == {"S"} else original(self, value)

    TypeDeserializer.deserialize = deserialize
