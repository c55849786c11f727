"""A layer is unpacked once, and all workers of the emulated cloud import it from there."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.cloud import ministack

_HANDLER = """
import os, time, marker
def handler(event, context):
    time.sleep(0.2)  # so that calls at the same time need a worker each
    return {"process": os.getpid(), "imported": marker.__file__, "value": marker.VALUE, "given": os.environ["GIVEN"]}
"""


@pytest.fixture(scope="module")
def functions() -> Iterator[Any]:
    with ministack() as cloud:
        cloud.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")
        yield cloud.client("lambda")


def test_workers_at_the_same_time_share_one_copy(functions: Any) -> None:
    _create(functions, "shared", layers=[_publish(functions, 1)])
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: _invoke(functions, "shared"), range(3)))
    assert len({answer["process"] for answer in answers}) == 3
    assert len({answer["imported"] for answer in answers}) == 1
    assert {(answer["value"], answer["given"]) for answer in answers} == {(1, "as configured")}


def test_functions_with_the_same_layer_share_it(functions: Any) -> None:
    layer = _publish(functions, 2)
    for name in ("one", "other"):
        _create(functions, name, layers=[layer])
    assert _invoke(functions, "one")["imported"] == _invoke(functions, "other")["imported"]


def test_a_function_whose_layer_changes_imports_the_new_one(functions: Any) -> None:
    _create(functions, "changed", layers=[_publish(functions, 3)])
    before = _invoke(functions, "changed")
    functions.update_function_configuration(FunctionName="changed", Layers=[_publish(functions, 4)])
    after = _invoke(functions, "changed")
    assert (before["value"], after["value"]) == (3, 4)
    assert Path(before["imported"]).parents[2] == Path(after["imported"]).parents[2]


def test_the_configuration_still_names_the_layer(functions: Any) -> None:
    layer = _publish(functions, 5)
    _create(functions, "described", layers=[layer])
    _invoke(functions, "described")
    described = functions.get_function_configuration(FunctionName="described")
    assert [attached["Arn"] for attached in described["Layers"]] == [layer]
    assert described["Environment"]["Variables"] == {"GIVEN": "as configured"}


def _publish(functions: Any, value: int) -> str:
    content = {"ZipFile": _zipped("python/marker.py", f"VALUE = {value}")}
    return str(functions.publish_layer_version(LayerName="marker", Content=content)["LayerVersionArn"])


def _create(functions: Any, name: str, *, layers: list[str]) -> None:
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="app.handler",
        Code={"ZipFile": _zipped("app.py", _HANDLER)},
        Layers=layers,
        Environment={"Variables": {"GIVEN": "as configured"}},
    )


def _invoke(functions: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(functions.invoke(FunctionName=name)["Payload"].read())
    return answer


def _zipped(name: str, content: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()
