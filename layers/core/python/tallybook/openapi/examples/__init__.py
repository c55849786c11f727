"""The API documents' example answers, one file each.

A file has the document's `example` and its `source`, and as `added` the fields that Tallybook adds to it; `optional`,
`nullable`, `numbers`, `texts` and `empty` say where an answer may differ (`tests/support/shape.py`).
"""

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent


def whole_example(name: str) -> Any:
    """The example with all fields that are added to it."""
    file = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    for place, value in file.get("added", {}).items():
        _add(file["example"], place.split("."), value)
    return file["example"]


def _add(part: Any, place: list[str], value: Any) -> None:
    """Put the value at a place like `data.invoices[].revision`; each item of a list gets it."""
    name, *rest = place
    if not rest:
        part[name] = value
        return
    inner = part[name.removesuffix("[]")]
    for one in inner if name.endswith("[]") else [inner]:
        _add(one, rest, value)
