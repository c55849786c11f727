"""Prints results: one JSON document, a table in a terminal, or lines with tabs into a pipe."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tallybook.cli.rows import Row
from tallybook.cli.streams import is_terminal, say, width, write
from tallybook.cli.tables import as_blocks, as_table, fitting_columns


def print_list(
    name: str, rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, least: Sequence[str] = ()
) -> None:
    """JSON has all fields of each row, in a list under `name`; text has `columns` only.

    A narrow terminal lacks the columns that are `least` important, the first one first; below that, each row is a
    block of its own.
    """
    if as_json:
        write(json.dumps({name: list(rows)}, allow_nan=False))
        return
    lines = [[_text(row[column]) for column in columns] for row in rows]
    if not is_terminal(sys.stdout):
        for line in [columns, *lines]:
            write("\t".join(line))
        return
    shown = fitting_columns(columns, lines, width=width(), least=least)
    if shown is None:
        write("\n\n".join(as_blocks([list(zip(columns, line, strict=True)) for line in lines], width=width())))
        return
    places = [columns.index(column) for column in shown]
    for text in as_table(shown, [[line[place] for place in places] for line in lines], width=width()):
        write(text)
    if hidden := [column for column in columns if column not in shown]:
        say(f"not shown at this width: {', '.join(hidden)}")


def print_one(row: Row, *, as_json: bool) -> None:
    """All fields of one row."""
    if as_json:
        write(json.dumps(row, allow_nan=False))
        return
    fields = [(name, _text(value)) for name, value in row.items()]
    if is_terminal(sys.stdout):
        write("\n\n".join(as_blocks([fields], width=width())))
        return
    for name, text in fields:
        write(f"{name}\t{text}")


def print_result(sentence: str, row: Row, *, as_json: bool) -> None:
    """The result of a change: the sentence, or the changed row as JSON."""
    write(json.dumps(row, allow_nan=False) if as_json else sentence)


def _text(value: Any) -> str:
    """One line, without control characters: they could move the cursor or reverse the text."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(char if char.isprintable() else " " for char in text)
