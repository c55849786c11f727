"""The page of costs states what the code takes."""

import re
from pathlib import Path
from typing import Any

from tests.bench.cost import costs
from tests.support.app import App

PAGE = (Path(__file__).parents[2] / "docs/scale.md").read_text()
ROW = re.compile(r"^\| ([a-z][^|]*) \| (\d+\.\d\d) \| ([^|]*) \|$", re.MULTILINE)
SHOWN = {
    "tables": "DynamoDB",
    "storage of the markers": "DynamoDB",
    "functions": "Lambda",
    "API": "API",
    "queue": "SQS",
    "SES": "mail",
    "bus": "bus",
}


def test_each_row_states_the_measured_cost_and_its_parts(app: App) -> None:
    computed = {cost.what: cost for cost in costs(app)}
    rows = {what: (usd, parts) for what, usd, parts in ROW.findall(PAGE)}
    assert rows.keys() == computed.keys()
    for what, (usd, parts) in rows.items():
        cost = computed[what]
        assert usd == f"{cost.usd:.2f}", what
        for name, part in _parts(parts):
            assert part == f"{cost.parts[SHOWN[name]]:.2f}", (what, name)


def test_the_units_of_an_event_in_a_batch_are_those_of_the_bench(app: App) -> None:
    from tests.bench.cost import EVENTS_OF_A_REQUEST
    from tests.bench.figures import figures

    (batch,) = [figure for figure in figures(app) if figure.name == f"{EVENTS_OF_A_REQUEST} events on 4 counters"]
    units = batch.write_units / EVENTS_OF_A_REQUEST
    assert f"({units:.2f} units each)" in PAGE
    assert f"{int(40_000 / units) // 100 * 100:,} events a second" in PAGE


def _parts(text: str) -> list[tuple[str, str]]:
    found: list[Any] = re.findall(r"([A-Za-z]+) (\d+\.\d\d)", text)
    return found
