"""Tables and blocks that fit a terminal. Text is broken between words only: ids and amounts can be copied."""

import os
import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

_GAP = 2
_NARROWEST_TEXT = 24
"""Text that is longer may be broken into lines of at least this length."""

type Fields = Sequence[tuple[str, str]]


def fitting_columns(
    columns: Sequence[str], lines: Sequence[Sequence[str]], *, width: int, least: Sequence[str]
) -> list[str] | None:
    """The columns that a table of this width can have; None if not even those that aren't `least` fit."""
    needs = dict(zip(columns, (_least_width(cells) for cells in _by_column(columns, lines)), strict=True))
    shown = list(columns)
    for column in [None, *least]:
        shown = [each for each in shown if each != column]
        if sum(needs[each] + _GAP for each in shown) - _GAP <= width:
            return shown
    return None


def as_table(columns: Sequence[str], lines: Sequence[Sequence[str]], *, width: int) -> Iterator[str]:
    """The lines of a table, a bold head first."""
    cells = _by_column(columns, lines)
    widths = _fitted(cells, width)
    numeric = [all(_is_number(cell) for cell in column[1:]) and len(column) > 1 for column in cells]
    for number, line in enumerate([columns, *lines]):
        broken = [_break(cell, at) for cell, at in zip(line, widths, strict=True)]
        for part in range(max(map(len, broken))):
            texts = [pieces[part] if part < len(pieces) else "" for pieces in broken]
            padded = [_pad(text, at, right=right) for text, at, right in zip(texts, widths, numeric, strict=True)]
            row = (" " * _GAP).join(padded).rstrip()
            yield _bold(row) if number == 0 else row


def as_blocks(records: Sequence[Fields], *, width: int) -> Iterator[str]:
    """A block of lines for each record: name and value, or the value below its name if it doesn't fit beside it."""
    for fields in records:
        longest = max((cell_len(name) for name, _ in fields), default=0)
        lines = []
        for name, value in fields:
            room = width - longest - _GAP
            words = max((cell_len(word) for word in _words(value)), default=0)
            if words > room:
                lines.append(_bold(name))
                lines += [" " * _GAP + piece for piece in _break(value, max(width - _GAP, 1))]
                continue
            first, *rest = _break(value, room)
            lines.append(f"{_bold(_pad(name, longest))}{' ' * _GAP}{first}" if value else _bold(name))
            lines += [" " * (longest + _GAP) + piece for piece in rest]
        yield "\n".join(lines)


def _by_column(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[column, *(line[place] for line in lines)] for place, column in enumerate(columns)]


def _least_width(cells: Sequence[str]) -> int:
    """The width of the longest word, but not less than short texts need in whole."""
    whole = max(map(cell_len, cells))
    return max(min(whole, _NARROWEST_TEXT), *(cell_len(word) for cell in cells for word in _words(cell) or [""]))


def _fitted(cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """The width of each column: what its text needs, or less for the widest columns until all fit."""
    widths = [max(map(cell_len, column)) for column in cells]
    least = [_least_width(column) for column in cells]
    while (over := sum(widths) + _GAP * (len(widths) - 1) - width) > 0:
        spare = [at - lowest for at, lowest in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widest = max(range(len(widths)), key=lambda place: (spare[place] > 0, widths[place]))
        widths[widest] -= min(over, spare[widest], max(1, over // 2))
    return widths


def _words(text: str) -> list[str]:
    """The parts between which the text may be broken. An amount stays with its currency."""
    words: list[str] = []
    for word in text.split(" "):
        if words and re.fullmatch(r"[A-Z]{3}\W*", word) and re.fullmatch(r'"?-?[0-9.]+', words[-1]):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _break(text: str, width: int) -> list[str]:
    pieces = [""]
    for number, word in enumerate(_words(text)):
        joined = f"{pieces[-1]} {word}" if number else word
        if cell_len(joined) <= width or not pieces[-1]:
            pieces[-1] = joined
        else:
            pieces.append(word)
    return pieces


def _is_number(text: str) -> bool:
    digits = text.removesuffix(text[-4:]) if text[-4:-3] == " " and text[-3:].isupper() else text
    return not text or digits.lstrip("-").replace(".", "", 1).isdecimal()


def _pad(text: str, width: int, *, right: bool = False) -> str:
    space = " " * max(0, width - cell_len(text))
    return space + text if right else text + space


def _bold(text: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[1m{text}\x1b[0m"
