"""The sections of `python -m tests.bench SECTION ...`: all of them unless some are named."""

import argparse
from collections.abc import Sequence

DETERMINISTIC = (
    *("calls", "invoices", "flatness", "history", "quotas", "budgets", "sweeps", "invoicing", "story"),
    *("contention", "costs"),
)
"""Calls, units and counts: the same to the digit in each run, so that two commits can be compared with diff."""

MEASURED = ("warm", "cold", "alias")
ALL = (*DETERMINISTIC, *MEASURED)
WITHOUT_TABLES = {"story", "contention", "cold", "alias"}


def read_sections(arguments: Sequence[str] | None = None) -> tuple[str, ...]:
    """The sections named on the command line; `deterministic` stands for all deterministic ones."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Print the design's numbers, measured.")
    offered = ", ".join((*ALL, "deterministic"))
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=offered)
    named = parser.parse_args(arguments).sections
    if named == ["deterministic"]:
        return DETERMINISTIC
    if unknown := set(named) - set(ALL):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {offered}")
    return tuple(named) or ALL
