"""The operator's catalog file: a valid one is read unchanged, an error is named by its key."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallybook.cli.catalog_file import check_catalog, read_catalog
from tallybook.domain.catalog import parse_catalog
from tallybook.domain.errors import Invalid

EXAMPLE = Path(__file__).parents[2] / "infra" / "catalog.toml"

LIMITS = {
    "max_concurrent_sandboxes": 5,
    "max_cpu_cores_per_sandbox": 2,
    "max_memory_gb_per_sandbox": 4,
    "max_storage_gb_per_sandbox": 10,
    "max_sandbox_timeout_seconds": 3600,
    "persistence_days": 0,
}
VALID: dict[str, Any] = {
    "currency": "USD",
    "welcome_credit": 0,
    "free_plan": "hobby",
    "tax_rate": "7.7",
    "plans": {
        "hobby": {
            "display_name": "Hobby",
            "description": "",
            "price": "0",
            "billing_interval": "month",
            "limits": LIMITS,
        },
        "pro": {
            "display_name": "Pro",
            "description": "More",
            "price": "20.50",
            "billing_interval": "year",
            "limits": LIMITS,
        },
    },
    "meters": {
        "cpu": {
            "resource_type": "sandbox",
            "unit": "second",
            "settles": "invoice",
            "prices": [
                {"model": "per_unit", "unit_price": "0.000014", "allowance": "5"},
                {"model": "package", "unit_price": "5", "block": "100", "sku": "S"},
                {"model": "flat", "amount": "9.90", "plans": ["pro"]},
                {"model": "volume", "sku": "M", "tiers": [{"up_to": "5", "unit_price": "1"}, {"unit_price": "0.5"}]},
                {"model": "graduated", "sku": "L", "tiers": [{"unit_price": "1", "flat_fee": "2"}]},
            ],
        },
        "credits": {
            "resource_type": "app",
            "unit": "credit",
            "settles": "wallet",
            "prices": [{"model": "per_unit", "unit_price": "0.000001"}],
        },
    },
    "packages": {"starter": {"name": "Starter", "price_cents": 500, "credits": 4_050_000}},
}
REMOVED = object()


def with_change(path: str, value: Any) -> dict[str, Any]:
    """The valid catalog with one value set or removed by its dotted path."""
    data = deepcopy(VALID)
    *parents, last = path.split(".")
    at: Any = data
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    key = int(last) if isinstance(at, list) else last
    if value is REMOVED:
        del at[key]
    else:
        at[key] = value
    return data


def errors_of(data: dict[str, Any]) -> str:
    with pytest.raises(Invalid) as refused:
        check_catalog(data, source="catalog.toml")
    return refused.value.message


def test_a_valid_catalog_is_read_unchanged() -> None:
    assert check_catalog(VALID, source="x") == VALID


def test_without_a_tax_rate_there_is_no_tax() -> None:
    untaxed = with_change("tax_rate", REMOVED)
    assert check_catalog(untaxed, source="x") == untaxed
    assert parse_catalog(untaxed, version=1).tax_rate == 0
    assert parse_catalog(VALID, version=1).tax_rate == Decimal("7.7")


def test_the_example_is_valid_and_has_everything_the_documents_name() -> None:
    example = parse_catalog(read_catalog(EXAMPLE), version=1)
    assert {"hobby", "pro"} < set(example.plans)
    assert (example.plans["hobby"].price, example.plans["pro"].price) == (0, 20_000_000)
    assert set(example.meters) == {
        "cpu_seconds",
        "ram_gb_seconds",
        "sandbox_storage_gb_seconds",
        "traffic_gb_seconds",
        "template_storage_gb_hours",
        "container_minutes",
        "addon_minutes",
        "credits",
    }
    assert {name: meter.settles for name, meter in example.meters.items() if meter.settles == "wallet"} == {
        "credits": "wallet"
    }
    assert [(package.id, package.price_cents, package.credits) for package in example.packages] == [
        ("starter", 500, 4_050_000),
        ("basic", 1000, 8_500_000),
        ("plus", 2500, 22_500_000),
        ("pro", 5000, 46_500_000),
    ]


REQUIRED = [
    *("currency", "welcome_credit", "free_plan", "plans", "meters", "packages"),
    *(f"plans.pro.{name}" for name in VALID["plans"]["pro"]),
    *(f"meters.cpu.{name}" for name in VALID["meters"]["cpu"]),
    *(f"packages.starter.{name}" for name in VALID["packages"]["starter"]),
    "meters.cpu.prices.0.model",
    "meters.cpu.prices.3.tiers.0.unit_price",
]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_key_is_named(path: str) -> None:
    assert errors_of(with_change(path, REMOVED)) == f"catalog.toml: {path}: is missing"


@pytest.mark.parametrize(
    "path",
    [
        "tax",
        "plans.pro.prize",
        "meters.cpu.rate",
        "meters.cpu.prices.0.unit",
        "meters.cpu.prices.3.tiers.1.upto",
        "packages.starter.price",
    ],
)
def test_an_unknown_key_is_named(path: str) -> None:
    assert f"catalog.toml: {path}: " in errors_of(with_change(path, "1"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("currency", "usd"),
        ("currency", "US"),
        ("currency", "EURO"),
        ("welcome_credit", -1),
        ("welcome_credit", "5"),
        ("welcome_credit", 1.5),
        ("welcome_credit", True),
        ("welcome_credit", 10**15 + 1),
        ("tax_rate", 20),
        ("tax_rate", 7.7),
        ("tax_rate", "101"),
        ("tax_rate", "-1"),
        ("tax_rate", "0.00001"),
        ("tax_rate", "5%"),
        ("tax_rate", ""),
        ("free_plan", "Hobby"),
        ("free_plan", 7),
        ("plans", []),
        ("plans.pro", "x"),
        ("plans.pro.display_name", ""),
        ("plans.pro.display_name", "x" * 101),
        ("plans.pro.description", 7),
        ("plans.pro.price", 20),
        ("plans.pro.price", 20.5),
        ("plans.pro.price", "-1"),
        ("plans.pro.price", "twenty"),
        ("plans.pro.price", ""),
        ("plans.pro.price", "NaN"),
        ("plans.pro.price", "Infinity"),
        ("plans.pro.billing_interval", "week"),
        ("plans.pro.limits", 5),
        ("plans.pro.limits.persistence_days", -1),
        ("plans.pro.limits.persistence_days", "1"),
        ("plans.pro.limits.persistence_days", True),
        ("plans.pro.limits.persistence_days", 1.5),
        ("meters.cpu.resource_type", ""),
        ("meters.cpu.unit", ""),
        ("meters.cpu.settles", "later"),
        ("meters.cpu.prices", []),
        ("meters.cpu.prices.0", "0.1"),
        ("meters.cpu.prices.0.model", "auction"),
        ("meters.cpu.prices.0.unit_price", 0.000014),
        ("meters.cpu.prices.0.unit_price", "0.0000000000001"),
        ("meters.cpu.prices.0.unit_price", f"1.{'0' * 60}1"),
        ("meters.cpu.prices.0.unit_price", "1e-999999999"),
        ("meters.cpu.prices.0.unit_price", "1e16"),
        ("meters.cpu.prices.0.unit_price", "1e999999999"),
        ("meters.cpu.prices.0.allowance", "-5"),
        ("meters.cpu.prices.1.sku", "a b"),
        ("meters.cpu.prices.1.sku", "a#b"),
        ("meters.cpu.prices.1.sku", ""),
        ("meters.cpu.prices.2.plans", "pro"),
        ("meters.cpu.prices.3.tiers", {}),
        ("meters.cpu.prices.3.tiers.0.up_to", 5),
        ("meters.cpu.prices.4.tiers.0.flat_fee", "x"),
        ("packages.starter.name", ""),
        ("packages.starter.price_cents", 0),
        ("packages.starter.price_cents", "500"),
        ("packages.starter.credits", 0),
        ("packages.starter.credits", 1.5),
    ],
)
def test_an_invalid_value_is_named_by_its_key_in_the_catalogs_words(path: str, value: Any) -> None:
    errors = errors_of(with_change(path, value))
    assert f"catalog.toml: {path}" in errors
    words = ("Input should", "required", "not permitted", "String should", "List should", "Value error", "can't have")
    assert [library for library in words if library in errors] == []


@pytest.mark.parametrize("table", ["plans", "meters", "packages"])
@pytest.mark.parametrize("name", ["Pro", "", "1st", "a b", "a#b", "x" * 65])
def test_an_invalid_name_is_named(table: str, name: str) -> None:
    data = deepcopy(VALID)
    data[table][name] = next(iter(data[table].values()))
    assert f"catalog.toml: {table}.{name}" in errors_of(data)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("meters.cpu.prices.0.unit_price", REMOVED, "meters.cpu.prices.0: model per_unit needs unit_price"),
        ("meters.cpu.prices.1.unit_price", REMOVED, "meters.cpu.prices.1: model package needs unit_price"),
        ("meters.cpu.prices.1.block", REMOVED, "meters.cpu.prices.1: model package needs block"),
        ("meters.cpu.prices.1.block", "0.00", "meters.cpu.prices.1: block must be above 0"),
        ("meters.cpu.prices.2.amount", REMOVED, "meters.cpu.prices.2: model flat needs amount"),
        ("meters.cpu.prices.3.tiers", REMOVED, "meters.cpu.prices.3: model volume needs tiers"),
        ("meters.cpu.prices.4.tiers", REMOVED, "meters.cpu.prices.4: model graduated needs tiers"),
        ("meters.credits.prices.0.unit_price", "0.0000015", "meters.credits: a wallet meter is per_unit"),
        ("meters.credits.prices.0.allowance", "5", "meters.credits: a wallet meter is per_unit"),
        ("meters.credits.prices.0", {"model": "flat", "amount": "1"}, "meters.credits: a wallet meter is per_unit"),
        ("meters.cpu.prices.1.sku", REMOVED, "meters.cpu: prices: more than one for sku None, plan *"),
        ("meters.cpu.prices.1.sku", "M", "meters.cpu: prices: more than one for sku M, plan *"),
        ("meters.cpu.prices.2.plans", ["pro", "pro"], "meters.cpu: prices: more than one for sku None, plan pro"),
        ("meters.cpu.prices.2.plans", ["pro", "max"], "meters.cpu.prices.2.plans: no such plan ['max']"),
        ("plans.pro.limits.persistence_days", REMOVED, "plans.pro: limits: missing ['persistence_days'], unknown []"),
        ("plans.pro.limits.max_gpus", 1, "plans.pro: limits: missing [], unknown ['max_gpus']"),
        ("plans.pro.price", "20.501", "plans.pro.price: USD has 2 decimals"),
        ("currency", "JPY", "plans.pro.price: JPY has 0 decimals"),
        ("currency", "ABC", "currency: ABC is not a currency of ISO 4217"),
        ("currency", "CLF", "currency: CLF has 4 decimals; amounts are billed with 0, 2 or 3"),
        ("currency", "UYW", "currency: UYW has 4 decimals; amounts are billed with 0, 2 or 3"),
        ("currency", "XXX", "currency: XXX has no minor unit"),
        ("currency", "XAU", "currency: XAU has no minor unit"),
        ("smallest_charge", "0.505", "smallest_charge: USD has 2 decimals"),
        ("free_plan", "max", "free_plan must be one of the plans, with price 0"),
        ("free_plan", "pro", "free_plan must be one of the plans, with price 0"),
    ],
)
def test_inconsistent_values_are_named_by_their_place(path: str, value: Any, message: str) -> None:
    assert message in errors_of(with_change(path, value))


@pytest.mark.parametrize(
    "bounds",
    [[], ["5"], [None, None], [None, "5"], ["5", "10"], ["5", "5", None], ["10", "5", None], ["0", None]],
)
def test_tiers_must_rise_and_end_without_a_bound(bounds: list[str | None]) -> None:
    tiers = [{"unit_price": "1", **({} if bound is None else {"up_to": bound})} for bound in bounds]
    assert "meters.cpu.prices.3: tiers must have ascending up_to" in errors_of(
        with_change("meters.cpu.prices.3.tiers", tiers)
    )


def test_all_errors_are_listed_at_once_one_per_line() -> None:
    data = with_change("plans.pro.price", 20)
    data["currency"] = "usd"
    del data["packages"]["starter"]["credits"]
    lines = errors_of(data).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["currency", "plans.pro.price", "packages.starter.credits"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.exists, "there is no such file"),
        (lambda file: file.mkdir(), "directory"),
        (lambda file: file.write_bytes(b"\xff"), "UTF-8"),
        (lambda file: file.write_text("currency = \nfree_plan = 1"), "line 1"),
        (lambda file: file.write_text('currency = "USD"\ncurrency = "EUR"\n'), "line 2"),
        (lambda file: file.write_text(""), "currency: is missing"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, make: Callable[[Path], Any], message: str) -> None:
    file = tmp_path / "prices.toml"
    make(file)
    with pytest.raises(Invalid) as refused:
        read_catalog(file)
    assert refused.value.message.startswith(f"{file}: ")
    assert message in refused.value.message
