"""The documents of this checkout, which the start page links and `/_local/documents/` shows as text."""

from collections.abc import Mapping
from pathlib import Path

from infra.bundle import ROOT

DOCUMENTS: Mapping[str, Path] = {
    str(path.relative_to(ROOT)): path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md")
}
"""Path by name, like `docs/local.md`. Nothing else of the checkout is shown."""
