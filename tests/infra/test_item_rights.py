"""The emulated cloud enforces what the roles of the stack deny by the keys and attributes of items, as AWS does."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError

from infra.local.cloud import REGION, Cloud, ministack
from tests.infra.roles import ACCOUNT, client_of_function, credentials_of_function
from tests.support.template import Properties, Synthesized, format_value

CORE = "core"
ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{CORE}"
KEY: Mapping[str, Any] = {"pk": {"S": "PLATFORM#p"}, "sk": {"S": "KEY"}}
OTHER: Mapping[str, Any] = {"pk": {"S": "ACCOUNT#a"}, "sk": {"S": "-"}}
OPERATORS = ("PLATFORM", "PLATFORM#evil", "CATALOG", "FORMAT")
VALUE: Mapping[str, Any] = {":x": {"S": "x"}}

type Write = tuple[str, dict[str, Any]]


def put(pk: str) -> Write:
    return "Put", {"Item": {"pk": {"S": pk}, "sk": {"S": "KEY"}}}


def delete(pk: str) -> Write:
    return "Delete", {"Key": {"pk": {"S": pk}, "sk": {"S": "KEY"}}}


def update(pk: str, expression: str = "SET scopes = :x", **names: str) -> Write:
    request = {"Key": {"pk": {"S": pk}, "sk": {"S": "KEY"}}, "UpdateExpression": expression}
    placeholders = {"ExpressionAttributeNames": {f"#{name}": value for name, value in names.items()}} if names else {}
    return "Update", {**request, **placeholders, "ExpressionAttributeValues": VALUE}


NOTE_USE = update("PLATFORM#p", "SET #n0 = :x", n0="last_used_at")
WRITES_OF_A_KEY = (
    update("PLATFORM#p"),
    update("PLATFORM#p", "SET #a = :x", a="secret_hash"),
    update("PLATFORM#p", "SET #n0 = :x, #a = :x", n0="last_used_at", a="scopes"),
    update("PLATFORM#p", "SET last_used_at = :x REMOVE expires_at"),
    update("PLATFORM#p", "SET scopes.x = :x"),
    update("PLATFORM#p", "SET last_used_at = if_not_exists(secret_hash, :x)"),
    ("Update", {**NOTE_USE[1], "ConditionExpression": "secret_hash = :x"}),
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with ministack() as cloud:
        cloud.client("dynamodb").create_table(
            TableName=CORE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield cloud


@pytest.fixture(scope="module", params=["identity", "metering", "invoicing"])
def group(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def credentials(cloud: Cloud, on_this_computer: Synthesized, group: str) -> dict[str, str]:
    return credentials_of_function(cloud, group, _statements(on_this_computer, group))


@pytest.fixture(scope="module")
def owner(cloud: Cloud) -> Any:
    return cloud.client("dynamodb")


@pytest.fixture(scope="module")
def function(cloud: Cloud, credentials: dict[str, str]) -> Any:
    return client_of_function("dynamodb", cloud, credentials)


@pytest.fixture
def items(owner: Any, function: Any) -> Any:
    """The client of a function; the table has one platform key."""
    owner.put_item(TableName=CORE, Item={**KEY, "scopes": {"S": "old"}, "secret_hash": {"S": "old"}})
    return function


@pytest.mark.parametrize("pk", OPERATORS)
@pytest.mark.parametrize("write", [put, delete, update])
def test_what_the_operator_writes_is_denied_alone_and_in_transactions(
    items: Any, pk: str, write: Callable[[str], Write]
) -> None:
    assert _denied(items, write(pk))
    assert _transaction_denied(items, write(pk))
    assert _transaction_denied(items, put("ACCOUNT#a"), write(pk))


def test_a_table_named_by_its_arn_is_the_same_table(items: Any) -> None:
    request = {"TableName": ARN, **put("CATALOG")[1]}
    assert _is_denied(lambda: items.put_item(**request))
    assert _is_denied(lambda: items.transact_write_items(TransactItems=[{"Put": request}]))


@pytest.mark.parametrize("write", WRITES_OF_A_KEY)
def test_no_attribute_of_a_platform_key_but_its_last_use_is_changed(items: Any, write: Write, owner: Any) -> None:
    assert _denied(items, write)
    assert _transaction_denied(items, put("ACCOUNT#a"), write)
    key = owner.get_item(TableName=CORE, Key=KEY)["Item"]
    assert key["scopes"] == key["secret_hash"] == {"S": "old"}


def test_a_change_in_the_legacy_form_is_denied(items: Any) -> None:
    change = {"scopes": {"Action": "PUT", "Value": {"S": "x"}}}
    assert _denied(items, ("Update", {"Key": KEY, "AttributeUpdates": change}))
    expected = {"secret_hash": {"Value": {"S": "old"}}}
    noted = {"last_used_at": {"Action": "PUT", "Value": {"S": "x"}}}
    assert _denied(items, ("Update", {"Key": KEY, "AttributeUpdates": noted, "Expected": expected}))


def test_batches_and_statements_are_denied(items: Any) -> None:
    requests = [{"PutRequest": {"Item": {"pk": {"S": "CATALOG"}, "sk": {"S": "x"}}}}, {"DeleteRequest": {"Key": KEY}}]
    for request in requests:
        assert _is_denied(lambda request=request: items.batch_write_item(RequestItems={CORE: [request]}))
    statement = "UPDATE \"core\" SET scopes='x' WHERE pk='PLATFORM#p' AND sk='KEY'"
    assert _is_denied(lambda: items.execute_statement(Statement=statement))
    assert _is_denied(lambda: items.batch_execute_statement(Statements=[{"Statement": statement}]))
    assert _is_denied(lambda: items.execute_transaction(TransactStatements=[{"Statement": statement}]))


def test_only_metering_notes_the_use_of_a_key(items: Any, group: str) -> None:
    assert _denied(items, NOTE_USE) is (group != "metering")
    assert _transaction_denied(items, NOTE_USE, put("ACCOUNT#a")) is (group != "metering")


def test_other_items_are_written_as_before(items: Any, group: str) -> None:
    writes = [put("ACCOUNT#a"), update("ACCOUNT#b"), *([delete("ACCOUNT#c")] if group == "identity" else [])]
    for write in writes:
        assert not _denied(items, write)
    assert not _transaction_denied(items, *writes)


@pytest.mark.parametrize("query", ["?Action=GetItem", "?Action=UpdateItem&Action=GetItem"])
def test_the_operation_that_runs_is_the_one_that_is_checked(
    items: Any, cloud: Cloud, credentials: dict[str, str], query: str
) -> None:
    body = json.dumps({"TableName": CORE, **put("CATALOG")[1]})
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    assert _status(cloud, credentials, "dynamodb", query=query, headers=headers, body=body) in (400, 403)
    assert "Item" not in cloud.client("dynamodb").get_item(TableName=CORE, Key={**KEY, "pk": {"S": "CATALOG"}})


def test_conditions_of_a_batch_name_the_keys_of_all_its_items(cloud: Cloud) -> None:
    """For rights of batches, which no function has today."""
    allow = {"Effect": "Allow", "Action": ["dynamodb:BatchWriteItem", "dynamodb:BatchGetItem"], "Resource": ARN}
    condition = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["PLATFORM#*"]}}
    deny = {**allow, "Effect": "Deny", "Condition": condition}
    batches = client_of_function("dynamodb", cloud, credentials_of_function(cloud, "batches", [allow, deny]))
    one, other = {"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": KEY}}
    assert not _is_denied(lambda: batches.batch_write_item(RequestItems={CORE: [one]}))
    assert _is_denied(lambda: batches.batch_write_item(RequestItems={CORE: [one, other]}))
    assert not _is_denied(lambda: batches.batch_get_item(RequestItems={CORE: {"Keys": [OTHER]}}))
    assert _is_denied(lambda: batches.batch_get_item(RequestItems={CORE: {"Keys": [OTHER, KEY]}}))


def test_a_query_names_its_partition(cloud: Cloud) -> None:
    allow = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": ARN}
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ACCOUNT#a"]}}
    reader = credentials_of_function(cloud, "queries", [{**allow, "Condition": condition}])
    query = client_of_function("dynamodb", cloud, reader).query
    for pk, denied in (("ACCOUNT#a", False), ("PLATFORM#p", True)):
        values = {":p": {"S": pk}, ":s": {"S": "ACCOUNT#a"}}
        for conditions in ("pk = :p", "#p = :p AND sk > :s", "sk > :s AND (pk = :p)"):
            names = {"ExpressionAttributeNames": {"#p": "pk"}} if "#" in conditions else {}
            used = {name: value for name, value in values.items() if name in conditions}
            request = {"KeyConditionExpression": conditions, "ExpressionAttributeValues": used, **names}
            assert _is_denied(lambda request=request: query(TableName=CORE, **request)) is denied


def test_a_message_can_not_hide_another_operation(cloud: Cloud) -> None:
    cloud.client("sqs").create_queue(QueueName="kept")
    queue = f"{cloud.endpoint}/{ACCOUNT}/kept"
    rights = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]
    sender = credentials_of_function(cloud, "sends", rights)
    body = f"Action=DeleteQueue&QueueUrl={queue}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for query, headers in (
        ("?Action=SendMessage", form),
        ("", {"X-Amz-Target": "x.SendMessage", "Content-Type": "text/plain"}),
        ("", {"X-Amz-Target": "AmazonSQSx.SendMessage", "Content-Type": "text/plain"}),
        ("", {"Content-Type": "text/plain"}),
    ):
        assert _status(cloud, sender, "sqs", query=query, headers=headers, body=body) in (400, 403)
    assert cloud.client("sqs").list_queues(QueueNamePrefix="kept")["QueueUrls"]


def _statements(stage: Synthesized, group: str) -> list[Properties]:
    """What the role of the group may and may not do with the table `core`."""
    role = stage.functions()[group]["Role"]["Fn::GetAtt"][0]
    policies = [policy for policy in stage.properties("IAM::Policy") if {"Ref": role} in policy["Roles"]]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    tables = [one for one in statements if _is_for_core(one["Resource"])]
    return [{**statement, "Resource": ARN} for statement in tables]


def _is_for_core(resource: object) -> bool:
    return not isinstance(resource, list) and format_value(resource) == "TablesCore.Arn"


def _denied(items: Any, write: Write) -> bool:
    kind, request = write
    return _is_denied(lambda: getattr(items, f"{kind.lower()}_item")(TableName=CORE, **request))


def _transaction_denied(items: Any, *writes: Write) -> bool:
    transaction = [{kind: {"TableName": CORE, **request}} for kind, request in writes]
    return _is_denied(lambda: items.transact_write_items(TransactItems=transaction))


def _is_denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return True
    return False


def _status(
    cloud: Cloud, credentials: dict[str, str], service: str, *, query: str, headers: Mapping[str, str], body: str
) -> int:
    signed = AWSRequest("POST", f"{cloud.endpoint}/{query}", dict(headers), body)
    signer = Signer(credentials["access_key_id"], credentials["secret_access_key"], credentials["session_token"])
    SigV4Auth(signer, service, REGION).add_auth(signed)
    try:
        with urlopen(Request(signed.prepare().url, body.encode(), dict(signed.headers)), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code
