"""Results on standard output: one JSON document; else a table on a terminal, and lines with tabs anywhere else."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tallybook.cli.rows import Row


def print_list(name: str, rows: Iterable[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """All of each row as JSON under the list's name; as text these columns."""
    if as_json:
        typer.echo(json.dumps({name: list(rows)}))
        return
    _print(columns, ([row[column] for column in columns] for row in rows))


def print_one(row: Row, *, as_json: bool) -> None:
    """A thing with all that is known of it."""
    if as_json:
        typer.echo(json.dumps(row))
        return
    _print((), row.items())


def print_result(sentence: str, row: Row, *, as_json: bool) -> None:
    """What was done: a sentence, or the thing as it now stands."""
    typer.echo(json.dumps(row) if as_json else sentence)


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
    table.columns[0].no_wrap = True  # an id can be copied, however narrow the terminal
    for line in lines:
        table.add_row(*(Text(_text(value)) for value in line))
    console.print(table)


def _text(value: Any) -> str:
    """In one line, and without what would move a terminal's cursor or turn its text round."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else " " for char in text)
