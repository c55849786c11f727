"""Prints results: one JSON document, a table on a terminal, or lines with tabs into a pipe."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tallybook.cli.rows import Row


def print_list(name: str, rows: Iterable[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """JSON has all fields of each row, in a list under `name`; text has `columns` only."""
    if as_json:
        typer.echo(json.dumps({name: list(rows)}, allow_nan=False))
        return
    _print(columns, ([row[column] for column in columns] for row in rows))


def print_one(row: Row, *, as_json: bool) -> None:
    """All fields of one row."""
    if as_json:
        typer.echo(json.dumps(row, allow_nan=False))
        return
    _print((), row.items())


def print_result(sentence: str, row: Row, *, as_json: bool) -> None:
    """The result of a change: the sentence, or the changed row as JSON."""
    typer.echo(json.dumps(row, allow_nan=False) if as_json else sentence)


def _print(columns: Sequence[str], lines: Iterable[Iterable[Any]]) -> None:
    console = Console()
    if not console.is_terminal:
        if columns:
            typer.echo("\t".join(columns))
        for line in lines:
            typer.echo("\t".join(map(_text, line)))
        return
    table = Table(*columns, box=None, show_header=bool(columns), pad_edge=False)
    if not columns:
        table.add_column(style="bold")
        table.add_column()
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = True  # an id stays in one line and can be copied
    for line in lines:
        table.add_row(*(Text(_text(value)) for value in line))
    console.print(table)


def _text(value: Any) -> str:
    """One line, without control characters: they could move the cursor or reverse the text."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(char if char.isprintable() else " " for char in text)
