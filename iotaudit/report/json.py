"""The document as JSON: keys in the schema's order, two spaces of indent, UTF-8, one line feed at the end."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from iotaudit.report import RenderOptions
from iotaudit.report.rows import LazyRows
from iotaudit.report.values import sound

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
OPEN, CLOSE = b'{\n  "rows": [', b"\n  ]\n}"
"""What stands around the rows in a document of nothing else."""


def render(document: Mapping[str, Any], _options: RenderOptions) -> bytes:
    """Gives the document as bytes; equal documents give equal bytes. Source: RFC 8259."""
    return b"".join(pieces(document))


def pieces(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Gives the same bytes piece by piece, so that lazy rows are never all in memory."""
    lazy = {key: rows for key, rows in document.items() if isinstance(rows, LazyRows)}
    tail = orjson.dumps({**document, **dict.fromkeys(lazy, ())}, option=OPTIONS)
    for key, rows in lazy.items():
        empty = f'\n  "{key}": []'.encode()  # no other key stands as far left
        head, _, tail = tail.partition(empty)
        yield head + empty[:-1]
        comma = b""
        for chunk in rows.chunks():
            yield comma + _dumped({"rows": chunk})[len(OPEN) : -len(CLOSE)]
            comma = b","
        yield b"\n  ]" if rows else b"]"
    yield tail


def _dumped(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except TypeError:
        return orjson.dumps(sound(document), option=orjson.OPT_INDENT_2)
