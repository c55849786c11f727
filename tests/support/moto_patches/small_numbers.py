"""Moto fails to add a number that it or boto3 writes as 1E-9; DynamoDB adds it like any number."""

from decimal import Decimal
from typing import Any


def add_small_numbers() -> None:
    """Call once in a process."""
    from moto.dynamodb.models.dynamo_type import DDBType, DynamoType

    def add(self: Any, other: Any) -> Any:
        one, two = (int(n.value) if n.value.lstrip("-").isdigit() else Decimal(n.value) for n in (self, other))
        return DynamoType({DDBType.NUMBER: f"{one + two}"})

    original = DynamoType.__add__
    DynamoType.__add__ = lambda self, other: add(self, other) if self.is_number() else original(self, other)
