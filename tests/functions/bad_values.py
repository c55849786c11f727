"""Bad request bodies and bad values of a field."""

import gzip
from typing import Any

UNREADABLE_VALUES = {
    "NaN": b'{"amount": NaN}',
    "infinity": b'{"amount": -Infinity}',
    "NaN alone": b"NaN",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a low surrogate": b'{"name": "a\\uDFFFb"}',
    "surrogates the wrong way round": b'{"name": "\\udc00\\ud800"}',
    "a surrogate in a key": b'{"\\ud800": 1, "name": "ci"}',
    "a surrogate in bytes": b'{"name": "\xed\xa0\x80"}',
    "bytes that are no UTF-8": b'{"name": "\xff\xfe"}',
    "an overlong slash": b'{"name": "\xc0\xaf"}',
    "UTF-8 cut short": b'{"name": "\xe2\x82"}',
    "30,000 arrays": b"[" * 30_000 + b"]" * 30_000,
    "an integer of 60,000 digits": b'{"amount": ' + b"9" * 60_000 + b"}",
    "an exponent out of this world": b'{"amount": 1e99999999999999999999}',
}
"""Bodies with a value that can't be: of usage, this is one event's fault."""

NOT_JSON = {
    "nothing": b"",
    "a blank": b" ",
    "text": b"hello",
    "a form": b"email=ada%40example.com&password=12345678",
    "half an object": b'{"name": "ci"',
    "an object and more": b"{} {}",
    "a comma too many": b'{"name": "ci",}',
    "single quotes": b"{'name': 'ci'}",
    "a comment": b'{"name": "ci"} // it',
    "UTF-16": '{"name": "ci"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"name": "ci"}'.encode("utf-16-le"),
    "UTF-32": '{"name": "ci"}'.encode("utf-32"),
    "gzip": gzip.compress(b'{"name": "ci"}'),
    "a null byte": b"\x00",
    "a line break in a string": b'{"name": "a\nb"}',
    "60,000 open arrays": b"[" * 60_000,
    "13,000 open objects": b'{"a":' * 13_000,
}
UNREADABLE = NOT_JSON | UNREADABLE_VALUES
NO_OBJECTS = {
    "an empty array": b"[]",
    "an array": b'[{"name": "ci"}]',
    "null": b"null",
    "a number": b"5",
    "a decimal": b"1.5",
    "a string": b'"name"',
    "true": b"true",
}
WRONG_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    5,
    1.5,
    -1e300,
    10**400,
    "",
    " ",
    "text",
    "\u0000",
    "a\u0007b",
    "a\nb",
    "\u202e",
    "\u200b",
    "\u3164\u2800",
    "🔑",
    "é" * 2000,
    "x" * 60_000,
    "1e5",
    "2026-04-31T00:00:00Z",
    "acc-",
    "usr-'; DROP TABLE users; --",
    [],
    [1],
    ["text"],
    {},
    {"a": {"b": []}},
]
