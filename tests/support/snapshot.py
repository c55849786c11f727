"""All that moto's tables hold, kept and put back: what takes many calls to set up is set up once."""

import pickle
from typing import Any


def keep() -> bytes:
    return pickle.dumps(_backend().tables)


def put_back(kept: bytes) -> None:
    """Everything as it was; what was written since is gone."""
    _backend().tables = pickle.loads(kept)  # noqa: S301 our own, from this process


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
