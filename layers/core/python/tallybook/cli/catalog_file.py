"""The operator's catalog file in TOML, validated as a whole before it is applied; each error names its key."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from iso4217 import Currency
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tallybook.cli.catalog_words import describe_problem, describe_syntax
from tallybook.cli.text_files import decode_text
from tallybook.domain.errors import Invalid
from tallybook.domain.money import DECIMALS, MICROS, decimals, places
from tallybook.domain.percentages import parse_percent
from tallybook.domain.quotas import FIELDS
from tallybook.domain.text_rules import check_description, check_line

_LIMITS = frozenset(
    {
        "max_concurrent_sandboxes",
        "max_cpu_cores_per_sandbox",
        "max_memory_gb_per_sandbox",
        "max_storage_gb_per_sandbox",
        "max_sandbox_timeout_seconds",
        "persistence_days",
    }
)


def _decimal(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("must be a decimal in quotes") from error
    if not value.is_finite() or not 0 <= value <= 10**15 or places(value) > 12:
        raise ValueError("must be a decimal from 0 to 10^15 with at most 12 decimals")
    return text


def _percent(text: str) -> str:
    try:
        parse_percent(text)
    except ValueError as error:
        raise ValueError(f"{error}, in quotes") from error
    return text


def _currency(code: str) -> str:
    try:
        minor_unit = Currency(code).exponent
    except ValueError as error:
        raise ValueError(f"{code} is not a currency of ISO 4217") from error
    if minor_unit is None:
        raise ValueError(f"{code} has no minor unit, so no amounts can be billed in it")
    if minor_unit not in DECIMALS:
        raise ValueError(f"{code} has {minor_unit} decimals; amounts are billed with 0, 2 or 3")
    return code


def _shown(check: Callable[..., str]) -> AfterValidator:
    """The rule of all text that people see, as a validator."""

    def validate(text: str) -> str:
        try:
            return check(text, field="it")
        except Invalid as error:
            raise ValueError(error.message) from error

    return AfterValidator(validate)


CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
DecimalText = Annotated[str, AfterValidator(_decimal)]
PercentText = Annotated[str, AfterValidator(_percent)]
Name = Annotated[str, Field(min_length=1, max_length=100), _shown(check_line)]
Description = Annotated[str, Field(max_length=1000), _shown(check_description)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class TierRow(_Row):
    up_to: DecimalText | None = None
    unit_price: DecimalText
    flat_fee: DecimalText | None = None


class PriceRow(_Row):
    model: Literal["per_unit", "graduated", "volume", "package", "flat"]
    unit_price: DecimalText | None = None
    amount: DecimalText | None = None
    block: DecimalText | None = None
    tiers: list[TierRow] | None = None
    allowance: DecimalText | None = None
    sku: Sku | None = None
    plans: list[Slug] | None = None

    @model_validator(mode="after")
    def _has_the_fields_of_its_model(self) -> Self:
        needs = {"per_unit": ["unit_price"], "package": ["unit_price", "block"], "flat": ["amount"]}
        for name in needs.get(self.model, ["tiers"]):
            if getattr(self, name) is None:
                raise ValueError(f"model {self.model} needs {name}")
        if self.block is not None and Decimal(self.block) == 0:
            raise ValueError("block must be above 0")
        bounds = [None if tier.up_to is None else Decimal(tier.up_to) for tier in self.tiers or []]
        if self.tiers is not None and not _ascends_to_open_end(bounds):
            raise ValueError("tiers must have ascending up_to, and the last tier none")
        return self


class MeterRow(_Row):
    resource_type: Slug
    unit: Name
    settles: Literal["invoice", "wallet"]
    prices: list[PriceRow] = Field(min_length=1)

    @model_validator(mode="after")
    def _wallet_moves_whole_micros(self) -> Self:
        if self.settles == "wallet":
            for price in self.prices:
                whole = price.model == "per_unit" and Decimal(price.unit_price or 0) * MICROS % 1 == 0
                if not whole or price.allowance:
                    raise ValueError("a wallet meter is per_unit, in whole micros (0.000001), without allowance")
        return self

    @model_validator(mode="after")
    def _has_one_price_for_each_sku_and_plan(self) -> Self:
        combinations = [f"sku {price.sku}, plan {plan}" for price in self.prices for plan in price.plans or ["*"]]
        if repeated := sorted({one for one in combinations if combinations.count(one) > 1}):
            raise ValueError(f"prices: more than one for {'; '.join(repeated)}")
        return self


class PlanRow(_Row):
    display_name: Name
    description: Description
    price: DecimalText
    billing_interval: Literal["month", "year"]
    limits: dict[str, Annotated[int, Field(ge=0, le=10**15)] | None]

    @model_validator(mode="after")
    def _knows_its_limits(self) -> Self:
        """The limits of a sandbox are required; an omitted account-wide quota is unlimited."""
        missing, unknown = _LIMITS - self.limits.keys(), self.limits.keys() - _LIMITS - set(FIELDS)
        if missing or unknown:
            raise ValueError(f"limits: missing {sorted(missing)}, unknown {sorted(unknown)}")
        return self


class PackageRow(_Row):
    name: Name
    price_cents: int = Field(gt=0, le=10**9)
    credits: int = Field(gt=0, le=10**15)


class CatalogFile(_Row):
    currency: CurrencyCode
    welcome_credit: int = Field(ge=0, le=10**15)
    free_plan: Slug
    tax_rate: PercentText | None = None
    smallest_charge: DecimalText | None = None
    plans: dict[Slug, PlanRow]
    meters: dict[Slug, MeterRow]
    packages: dict[Slug, PackageRow]

    @model_validator(mode="after")
    def _names_existing_plans(self) -> Self:
        if self.free_plan not in self.plans or Decimal(self.plans[self.free_plan].price):
            raise ValueError("free_plan must be one of the plans, with price 0")
        for name, meter in self.meters.items():
            for index, price in enumerate(meter.prices):
                if unknown := sorted(set(price.plans or []) - self.plans.keys()):
                    raise ValueError(f"meters.{name}.prices.{index}.plans: no such plan {unknown}")
        return self

    @model_validator(mode="after")
    def _charges_whole_minor_units(self) -> Self:
        max_places = decimals(self.currency)
        amounts = {f"plans.{name}.price": plan.price for name, plan in self.plans.items()}
        for key, amount in (amounts | {"smallest_charge": self.smallest_charge or "0"}).items():
            if places(Decimal(amount)) > max_places:
                raise ValueError(f"{key}: {self.currency} has {max_places} decimals")
        return self


class InvalidCatalog(Invalid):
    """`problems`: a line for each wrong key, which the message has too."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_catalog(path: str | Path) -> dict[str, Any]:
    """The validated content of the file, for `apply_catalog`. The file may be UTF-8 or UTF-16."""
    try:
        data = tomllib.loads(decode_text(Path(path).read_bytes(), name=str(path)))
    except FileNotFoundError as error:
        raise InvalidCatalog([f"{path}: there is no such file"]) from error
    except OSError as error:
        raise InvalidCatalog([f"{path}: {error.strerror or error}"]) from error
    except (ValueError, RecursionError, EOFError) as error:
        raise InvalidCatalog([f"{path}: {describe_syntax(error)}"]) from error
    return check_catalog(data, source=str(path))


def check_catalog(data: Mapping[str, Any], *, source: str) -> dict[str, Any]:
    try:
        return CatalogFile.model_validate(data).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        raise InvalidCatalog(
            [f"{source}: {describe_problem(one)}" for one in error.errors(include_url=False)]
        ) from error


def _ascends_to_open_end(bounds: list[Decimal | None]) -> bool:
    """Whether each bound is above the one before, and only the last is None: 1, 2, None."""
    ends = [bound for bound in bounds[:-1] if bound is not None]
    rising = all(low < high for low, high in zip([Decimal(0), *ends], ends, strict=False))
    return bool(bounds) and bounds[-1] is None and len(ends) == len(bounds) - 1 and rising
