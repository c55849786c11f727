"""A request body is read by its fields: an invalid one is named, an unknown one is ignored."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from tallybook.domain.errors import Invalid
from tallybook.store.requests import to_dynamodb
from tallybook.wire.requests.bodies import (
    ApiKeyRequest,
    CreditsRequest,
    LoginRequest,
    RegisterRequest,
    RequestBody,
    StartSessionRequest,
    read_body,
)
from tallybook.wire.requests.json_values import read_json

SIGN_UP = {"email": "a@example.com", "password": "12345678"}
CREDITS = {"account_id": "acc-1", "amount": 5, "kind": "grant", "reference": "order 7"}
SESSION = {
    "account_id": "acc-1",
    "user_id": "usr-2",
    "cpu_cores": 2,
    "memory_gb": Decimal("0.5"),
    "storage_gb": 10,
    "timeout_seconds": 3600,
}
BODIES: list[tuple[type[RequestBody], dict[str, Any]]] = [
    (RegisterRequest, SIGN_UP),
    (LoginRequest, SIGN_UP),
    (ApiKeyRequest, {"name": "ci"}),
    (CreditsRequest, CREDITS),
    (StartSessionRequest, SESSION),
]


def error_of(model: type[RequestBody], data: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_body(model, data)
    return caught.value


@pytest.mark.parametrize(("model", "data"), BODIES)
def test_unknown_fields_are_ignored(model: type[RequestBody], data: dict[str, Any]) -> None:
    body = read_body(model, {**data, "unknown": {"a": 1}, "model_config": 1, "__class__": "x"})
    assert isinstance(body, BaseModel)
    assert body == read_body(model, data)


@pytest.mark.parametrize(("model", "data"), BODIES)
def test_each_missing_field_is_named(model: type[RequestBody], data: dict[str, Any]) -> None:
    for name in data:
        error = error_of(model, {key: value for key, value in data.items() if key != name})
        assert error.field == name
        assert list(error.fields) == [name]
    assert list(error_of(model, {}).fields) == [*data]


@pytest.mark.parametrize(("model", "data"), BODIES)
@pytest.mark.parametrize("wrong", [True, False, [], {}, ["x"]])
def test_a_value_of_a_wrong_type_is_refused_by_its_field(
    model: type[RequestBody], data: dict[str, Any], wrong: Any
) -> None:
    for name in data:
        error = error_of(model, {**data, name: wrong})
        assert list(error.fields) == [name]
        assert error.message.startswith(f"{name}: ")


@pytest.mark.parametrize(("model", "data"), BODIES)
def test_null_is_refused_in_a_required_field(model: type[RequestBody], data: dict[str, Any]) -> None:
    for name in data:
        assert error_of(model, {**data, name: None}).field == name


@pytest.mark.parametrize("name", ["email", "password"])
@pytest.mark.parametrize("wrong", [12345678, Decimal("1.5")])
def test_a_number_is_refused_in_a_text_field(name: str, wrong: Any) -> None:
    assert error_of(RegisterRequest, {**SIGN_UP, name: wrong}).field == name


@pytest.mark.parametrize("body", [None, [], "text", 7, True, [SIGN_UP]])
def test_a_body_that_is_not_an_object_is_refused(body: Any) -> None:
    assert error_of(RegisterRequest, body).message == "The body must be a JSON object"


def test_a_refusal_does_not_repeat_a_secret() -> None:
    error = error_of(RegisterRequest, {"email": ["hunter2hunter2"], "password": {"hunter2hunter2": 1}})
    assert list(error.fields) == ["email", "password"]
    assert "hunter2" not in error.message + str(error.fields)


AMOUNTS = {"5": 5, "5.0": 5, "5e0": 5, "5000000.0": 5_000_000, "1e3": 1000, "-2.50e1": -25, "0.0": 0, "1E15": 10**15}
NO_AMOUNTS = ['"5"', '"5.0"', "true", "null", "5000000.5", "1e-1", "1000000000000001", "1e16", "-1e400", "1e999999999"]


@pytest.mark.parametrize("amount", [*AMOUNTS, *NO_AMOUNTS])
def test_credits_are_whole_numbers_however_they_are_written(amount: str) -> None:
    body = read_json(f'{{"account_id": "acc-1", "kind": "grant", "reference": "r", "amount": {amount}}}')
    if amount in AMOUNTS:
        assert read_body(CreditsRequest, body).amount == AMOUNTS[amount]
    else:
        assert error_of(CreditsRequest, body).field == "amount"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("account_id", "1"),
        ("account_id", "usr-1"),
        ("account_id", "acc-"),
        ("kind", "usage"),
        ("kind", "Grant"),
        ("reference", ""),
        ("reference", "r" * 257),
        ("note", "n" * 1001),
    ],
)
def test_credits_with_an_invalid_text_field_are_refused(name: str, wrong: str) -> None:
    assert error_of(CreditsRequest, {**CREDITS, name: wrong}).field == name


def test_ids_are_read_without_their_prefixes() -> None:
    model = read_body(StartSessionRequest, SESSION)
    assert (model.account_id, model.user_id) == ("1", "2")


@pytest.mark.parametrize("size", ["1", "1.0", "1.000", "1e0", f"1.{'0' * 60}", "0.001", "100000", "1E5", "2.125"])
def test_a_size_is_a_number_with_at_most_three_decimals(size: str) -> None:
    body = read_json(f'{{"cpu_cores": {size}}}')
    model = read_body(StartSessionRequest, {**SESSION, **body})
    assert model.cpu_cores == Decimal(size)
    assert to_dynamodb({"cpu_cores": model.cpu_cores})


@pytest.mark.parametrize(
    "size",
    ["0", "-1", "0.0001", "100000.001", "1e6", "1e999999999", "1e-999999999", f"1.{'0' * 60}1", '"1"', "true", "[]"],
)
@pytest.mark.parametrize("name", ["cpu_cores", "memory_gb", "storage_gb"])
def test_any_other_size_is_refused(name: str, size: str) -> None:
    assert error_of(StartSessionRequest, {**SESSION, **read_json(f'{{"{name}": {size}}}')}).field == name


@pytest.mark.parametrize("timeout", [0, -1, 31 * 86_400 + 1, Decimal(60), "60"])
def test_a_timeout_is_whole_seconds_up_to_31_days(timeout: Any) -> None:
    assert error_of(StartSessionRequest, {**SESSION, "timeout_seconds": timeout}).field == "timeout_seconds"
    assert read_body(StartSessionRequest, {**SESSION, "timeout_seconds": 31 * 86_400}).timeout_seconds == 2_678_400


def test_an_expiry_is_an_instant() -> None:
    model = read_body(ApiKeyRequest, {"name": "ci", "expires_at": "2026-05-01T00:00:00+02:00"})
    assert model.expires_at == datetime(2026, 4, 30, 22, tzinfo=UTC)
    for wrong in ("2026-05-01", "tomorrow", 1776688496, True, "", "9999-12-31T23:59:59-01:00"):
        assert error_of(ApiKeyRequest, {"name": "ci", "expires_at": wrong}).field == "expires_at"
