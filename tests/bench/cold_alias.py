"""The first call of each function by its alias, beside the first call of the same code by its name."""

import tempfile
import time
from pathlib import Path
from statistics import median

from infra.app import synthesize
from infra.local.cloud import Cloud, ministack
from infra.local.deploy import deploy
from infra.stack import stack_name
from infra.stage import local

_EVENT = b'{"Records": []}'


def cold_alias_ratio() -> float:
    """Seconds of a first call by alias, divided by one by name: the median of the functions.

    Each first call starts a process in the emulated cloud.
    """
    stage = local(8000)
    with tempfile.TemporaryDirectory() as folder, ministack() as cloud:
        synthesize(stage, Path(folder), copy_assets=False)
        deploy(cloud, Path(folder), stack_name(stage), "bench")
        listed = cloud.client("lambda").list_functions(MaxItems=100)["Functions"]
        unpacks, *names = [function["FunctionName"] for function in listed]
        _first_call(cloud, unpacks)  # the first process of all unpacks the layers
        return median(_ratio(cloud, name, alias_first=turn % 2 == 1) for turn, name in enumerate(names))


def _ratio(cloud: Cloud, name: str, *, alias_first: bool) -> float:
    seconds = {}
    for called in (f"{name}:live", name) if alias_first else (name, f"{name}:live"):
        seconds[called] = _first_call(cloud, called)
    return seconds[f"{name}:live"] / seconds[name]


def _first_call(cloud: Cloud, name: str) -> float:
    client = cloud.client("lambda")
    began = time.perf_counter()
    client.invoke(FunctionName=name, Payload=_EVENT)["Payload"].read()
    return time.perf_counter() - began
