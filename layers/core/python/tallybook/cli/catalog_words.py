"""Says in the catalog's words what is wrong with a value of the catalog file."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

_SHOWN = 60
_KINDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that the catalog knows",
    "string_type": 'must be text in quotes, like "0.05"',
    "int_type": "must be a whole number without quotes",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_NAMES = {
    "^[A-Z]{3}$": "must be three capital letters, like USD",
    "^[a-z][a-z0-9_-]{0,63}$": "must begin with a small letter and have at most 64 of a-z, 0-9, _ and -",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "must begin with a letter or digit and have at most 64 of A-Z a-z 0-9 . _ -",
}


def describe_problem(problem: Mapping[str, Any]) -> str:
    """A problem of the check as `plans.pro.price: must be …, not 20`; without a value if there is none to show."""
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "catalog"
    words = _words(problem["type"], problem.get("ctx", {}), problem["msg"])
    if problem["type"] in ("missing", "value_error") or isinstance(problem["input"], dict | list):
        return f"{place}: {words}"
    return f"{place}: {words}, not {_shown(problem['input'])}"


def describe_syntax(error: Exception) -> str:
    """Why the file is not TOML, with the line."""
    if isinstance(error, tomllib.TOMLDecodeError):
        reason, _, place = str(error).removesuffix(")").partition(" (at ")
        return f"{place or 'the file'}: this is not TOML: {reason[:1].lower()}{reason[1:]}"
    if isinstance(error, RecursionError):
        return "this is not a catalog: it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "this is not text in UTF-8 or UTF-16"
    return "this is not TOML: a number in it is too long"


def _words(kind: str, limits: Mapping[str, Any], message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return _NAMES.get(limits["pattern"], "has characters that it can't have")
    return _KINDS.get(kind, "has a value that it can't have").format(**limits)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
