"""The commands of the documents: each `sh` block with its place, and the walk that runs all on one bundle."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCAL = ".local/"

PAGES = (
    "README.md",
    "docs/usage.md",
    "docs/wallet.md",
    "docs/identity.md",
    "docs/budgets.md",
    "docs/quotas.md",
    "docs/catalog.md",
    "docs/events-and-mail.md",
    "docs/operator.md",
    "docs/local.md",
    "docs/invoices.md",
)
"""The walk's order on one bundle. Each page also works right after the README."""

NOT_RUN: Mapping[str, str] = {
    "make run\n": "it starts the bundle that the walk runs on",
    "make test\n": "it runs the test that would run it",
}
"""Blocks that the walk leaves out, and why."""

WITHOUT_BUNDLE = ("CONTRIBUTING.md",)
"""Pages whose blocks need no bundle, and run without its variables."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "@@ block "


@dataclass(frozen=True, slots=True)
class Block:
    """`page` is relative to the repository, `line` that of the first command."""

    page: str
    line: int
    text: str


def documents() -> list[str]:
    """The path of every document, relative to the repository."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in [*pages, ROOT / "infra/events/README.md"]]


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text()
    return [Block(page, text.count("\n", 0, found.start()) + 2, found[1]) for found in _BLOCK.finditer(text)]


def walk() -> list[Block]:
    """The blocks that run on the bundle, in order."""
    return [block for page in PAGES for block in blocks_of(page) if block.text not in NOT_RUN]


def run_walk(folder: Path) -> dict[str, list[str]]:
    """Run the walk on a bundle whose folder replaces `.local`, and return each block's output by page.

    A failing command raises an AssertionError that names its block.
    """
    blocks = walk()
    steps = [f"echo '{_MARK}{block.page}:{block.line}' | tee /dev/stderr\n{block.text}\necho" for block in blocks]
    script = "set -euo pipefail\n" + "\n".join(steps).replace(LOCAL, f"{folder}/")
    result = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, _last_of(result.stdout) + _last_of(result.stderr)
    _, *printed = re.split(rf"^{_MARK}.*\n", result.stdout, flags=re.MULTILINE)
    assert len(printed) == len(blocks)
    outputs: dict[str, list[str]] = {}
    for block, output in zip(blocks, printed, strict=True):
        outputs.setdefault(block.page, []).append(output)
    return outputs


def _last_of(output: str) -> str:
    return output[output.rfind(_MARK) :]
